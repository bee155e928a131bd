#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pgsidecar {

/// What the last values of one name say.
struct PerformanceMetrics {
  std::uint64_t count = 0;  ///< Values in the window: at most PerformanceMonitor::kWindow.
  double average = 0;
  double p50 = 0, p95 = 0, p99 = 0;  ///< Nearest rank: `sorted[ceil(count * p) - 1]`.
  double min = 0, max = 0;
  std::uint64_t total = 0;  ///< Values ever recorded.
};

/// Remembers the last 100 values of every name. Thread-safe: recording takes no lock once a name is
/// known, and costs the same however many values there are.
class PerformanceMonitor {
 public:
  static constexpr std::size_t kWindow = 100;
  /// Names with a window of their own; what more there is shares the name `other`.
  static constexpr std::size_t kNamesMax = 1024;
  static constexpr std::size_t kNameBytesMax = 200;  ///< Longer names are cut.

  /// The window of one name. Lives as long as the monitor. Thread-safe.
  class Series;

  PerformanceMonitor();
  ~PerformanceMonitor();
  PerformanceMonitor(const PerformanceMonitor&) = delete;
  PerformanceMonitor& operator=(const PerformanceMonitor&) = delete;

  /// Records `value` under `name`. Values that are not finite are ignored.
  void RecordMetric(std::string_view name, double value);
  /// Nothing if no value was recorded under `name`.
  std::optional<PerformanceMetrics> GetMetrics(std::string_view name) const;
  /// By name. Names without a value are not there.
  std::map<std::string, PerformanceMetrics> GetAllMetrics() const;

  /// The window of `name`, so that a hot path does not look it up again.
  Series& Find(std::string_view name);
  static void Record(Series& series, double value);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pgsidecar
