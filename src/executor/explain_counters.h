#pragma once

#include <array>

#include "executor/skip_reason.h"
#include "metrics/slow_log_metrics.h"

namespace pgsidecar::executor {

/// The instruments of plans. All series exist from construction. Thread-safe.
class ExplainCounters {
 public:
  explicit ExplainCounters(metrics::Registry& registry)
      : explains_(registry.AddCounter(metrics::kSlowLogExplains)) {
    for (std::size_t i = 0; i < skips_.size(); ++i) {
      skips_[i] = &registry.AddCounter(metrics::kSlowLogExplainSkips, {kSkipReasonNames[i]});
    }
  }

  void CountPlan() { explains_.Increment(); }
  void CountSkip(SkipReason reason) { skips_[static_cast<std::size_t>(reason)]->Increment(); }

 private:
  metrics::Counter& explains_;
  std::array<metrics::Counter*, kSkipReasonNames.size()> skips_{};
};

}  // namespace pgsidecar::executor
