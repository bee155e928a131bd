#pragma once

#include <memory>
#include <thread>

#include "base/clock.h"
#include "executor/explain_counters.h"
#include "executor/explain_options.h"
#include "executor/plan_connection.h"
#include "metrics/slow_log.h"

namespace pgsidecar::executor {

/// What an Explainer works for. All of it outlives the Explainer.
struct ExplainContext {
  metrics::SlowLog& slow_log;
  ExplainCounters& counters;
  const Clock& clock;
};

/// Takes the plans of slow statements, one at a time, on a thread of its own. It connects for what
/// is queued and closes the connection when nothing is left. Thread-safe.
class Explainer final : public metrics::PlanSource {
 public:
  static constexpr std::size_t kQueueMax = 16;

  /// Becomes the plan source of the slow log.
  Explainer(const ExplainOptions& options, const ExplainContext& context, ConnectForPlans connect);
  /// Leaves the slow log and stops. A statement under way is broken off. A connection attempt that
  /// hangs is left behind after half a second: it touches nothing but memory of its own.
  ~Explainer() override;

  void Offer(const metrics::SlowEvent& event) override;

 private:
  struct State;
  metrics::SlowLog& slow_log_;
  /// The second owner is the thread, which may be left behind.
  const std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace pgsidecar::executor
