#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "executor/statement_books.h"
#include "metrics/recorder.h"
#include "metrics/slow_log.h"
#include "pgsidecar/telemetry.h"
#include "sql/catalogue.h"

namespace pgsidecar {

/// The instruments of one operation, resolved once. Thread-safe.
struct OperationBooks {
  OperationBooks(metrics::Registry& registry, PerformanceMonitor& performance,
                 std::string_view operation);

  const std::string name;
  metrics::Histogram& duration;
  metrics::Counter& errors;
  metrics::Counter& cache_hits;
  metrics::Counter& retries;
  PerformanceMonitor::Series& window_duration;
  PerformanceMonitor::Series& window_success;
  PerformanceMonitor::Series& window_error;
};

namespace executor {

/// What a process has already, for its telemetry to report to. All of it outlives the telemetry.
struct TelemetryContext {
  metrics::Registry& registry;
  metrics::Recorder& recorder;
  metrics::SlowLog& slow_log;
  sql::Catalogue& catalogue;
  PerformanceMonitor& performance;
  const Clock& clock;
};

std::unique_ptr<Telemetry> MakeTelemetry(const TelemetryContext& context);

/// How a call of an operation ended.
struct OperationEnd {
  Nanos duration = 0;
  bool failed = false;
  const sql::TraceContext* trace = nullptr;  ///< Null: it belongs to none.
};

}  // namespace executor

struct Telemetry::State {
  struct Owned;  ///< The parts, where nobody else has them.

  State(const executor::TelemetryContext& from, std::unique_ptr<Owned> parts);
  ~State();

  /// Counts a call that is over.
  void Finish(OperationBooks& books, const executor::OperationEnd& end);
  /// The number of a source of running statements, beside the loops of the wire front.
  std::size_t NextSource() { return next_source_.fetch_add(1, std::memory_order_relaxed); }

  const std::unique_ptr<Owned> owned;
  const executor::TelemetryContext context;
  /// The second owner is a scrape under way.
  const std::shared_ptr<prometheus::Collectable> collectable;
  metrics::Gauge& in_flight;
  executor::StatementBooks statements;

  std::shared_mutex mutex;
  /// Guarded by mutex; what it holds is never removed, and synchronises itself.
  std::map<std::string, std::unique_ptr<OperationBooks>, std::less<>> operations;
  OperationBooks other;

 private:
  static constexpr std::size_t kFirstSource = 256;  // Above any number of loops.
  std::atomic<std::size_t> next_source_{kFirstSource};
};

}  // namespace pgsidecar
