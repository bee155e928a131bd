#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "cache/core.h"
#include "config/load.h"
#include "executor/cached_operations.h"
#include "metrics/recorder.h"
#include "metrics/registry.h"
#include "metrics/slow_log.h"
#include "pgsidecar/performance_monitor.h"
#include "sql/catalogue.h"
#include "wire/write_watch.h"

namespace pgsidecar::app {

/// What a sidecar has for its operations to report to. All of it outlives them.
struct OperationsContext {
  metrics::Registry& registry;
  metrics::Recorder& recorder;
  metrics::SlowLog& slow_log;
  sql::Catalogue& catalogue;
  const Clock& clock;
};

/// The cache, and the named operations with all that works for them: pool, facts of the catalogue,
/// LISTEN, warm-up. Thread-safe.
class Operations {
 public:
  /// Starts what the configuration asks for. Connects in the background. The error names the key.
  static Result<std::unique_ptr<Operations>> Start(const config::Loaded& loaded,
                                                   const OperationsContext& context);
  ~Operations();
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;

  cache::Core& cache();
  PerformanceMonitor& performance();
  /// Null if none are configured.
  executor::CachedOperations* operations();
  /// Whether somebody is to listen for notifications.
  bool listens() const;
  bool notify_connected() const;
  /// Who has to know what the wire front saw written. Null if nothing is cached.
  wire::WriteWatch* writes();

 private:
  struct Parts;
  explicit Operations(std::unique_ptr<Parts> parts);
  const std::unique_ptr<Parts> parts_;
};

/// What is wrong with the operations and warm-ups of a configuration, as errors of their keys.
/// Needs no server.
std::vector<std::string> CheckOperations(const config::Loaded& loaded);

}  // namespace pgsidecar::app
