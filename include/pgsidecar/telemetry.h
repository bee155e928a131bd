#pragma once

#include <prometheus/collectable.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "pgsidecar/outcome.h"
#include "pgsidecar/performance_monitor.h"

namespace pgsidecar {

struct TelemetryOptions {
  /// Slower statements and operations are slow: counted, and written to the slow-query log.
  std::chrono::nanoseconds slow_query_threshold = std::chrono::seconds(1);
  std::string slow_log_path = "stderr";  ///< `stderr`, or a file that is appended to.
  double slow_log_rate = 10;             ///< Lines a second, on average.
  std::uint32_t statements_max = 200;    ///< Statements with series of their own.
};

struct OperationBooks;

/// What an operation is called in metrics and logs, looked up once. A handle: cheap to copy, valid
/// as long as its Telemetry.
class Operation {
 public:
  explicit Operation(OperationBooks& books) : books_(&books) {}
  std::string_view name() const;
  OperationBooks& books() const { return *books_; }

 private:
  OperationBooks* books_;
};

/// The books of a process: metrics, slow-query log, performance monitor. Thread-safe. Outlives
/// every executor that reports to it.
class Telemetry {
 public:
  /// Operations with series of their own; what more there is shares the name `other`.
  static constexpr std::size_t kOperationsMax = 256;

  /// Fails if the slow-query log cannot be opened.
  static Outcome<std::unique_ptr<Telemetry>> Create(const TelemetryOptions& options);
  ~Telemetry();
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;

  /// For `prometheus::Exposer::RegisterCollectable`, or any other exposition of prometheus-cpp,
  /// which must be gone before this is destroyed.
  std::shared_ptr<prometheus::Collectable> collectable() const;
  /// All metrics, in the text format of Prometheus.
  std::string MetricsText() const;
  PerformanceMonitor& performance() const;
  /// The operation of that name: names are cut to 80 bytes. Takes a lock; keep the handle where it
  /// matters.
  Operation Named(std::string_view operation) const;

  /// Runs `fn` and returns what it returns. Its duration, success or failure are recorded as
  /// `operation_*` metrics and as `query.<operation>.duration` (ms), `.success` and `.error` in the
  /// performance monitor; beyond the threshold it is written to the slow-query log. It failed if it
  /// throws, which passes through, or returns an Outcome that is not ok().
  template <class Fn>
  std::invoke_result_t<Fn> Monitor(const Operation& operation, Fn&& fn) const;
  template <class Fn>
  std::invoke_result_t<Fn> Monitor(std::string_view operation, Fn&& fn) const {
    return Monitor(Named(operation), std::forward<Fn>(fn));
  }

  struct State;
  explicit Telemetry(std::unique_ptr<State> state);
  State& state() const { return *state_; }

 private:
  const std::unique_ptr<State> state_;
};

/// A piece of work under way that is not over in one call. Failed, unless it says that it
/// succeeded.
class MonitoredCall {
 public:
  MonitoredCall(const Telemetry& telemetry, const Operation& operation);
  ~MonitoredCall();
  MonitoredCall(const MonitoredCall&) = delete;
  MonitoredCall& operator=(const MonitoredCall&) = delete;

  void Succeed() { succeeded_ = true; }

 private:
  const Telemetry& telemetry_;
  const Operation operation_;
  const std::int64_t start_;
  bool succeeded_ = false;
};

namespace internal {
template <class T>
bool Succeeded(const Outcome<T>& outcome) {
  return outcome.ok();
}
template <class T>
bool Succeeded(const T&) {
  return true;
}
}  // namespace internal

template <class Fn>
std::invoke_result_t<Fn> Telemetry::Monitor(const Operation& operation, Fn&& fn) const {
  MonitoredCall call(*this, operation);
  if constexpr (std::is_void_v<std::invoke_result_t<Fn>>) {
    std::forward<Fn>(fn)();
    call.Succeed();
  } else {
    std::invoke_result_t<Fn> result = std::forward<Fn>(fn)();
    if (internal::Succeeded(result)) call.Succeed();
    return result;
  }
}

}  // namespace pgsidecar
