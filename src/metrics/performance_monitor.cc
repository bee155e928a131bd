#include "pgsidecar/performance_monitor.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "base/text.h"

namespace pgsidecar {
namespace {

constexpr std::string_view kOther = "other";

double NearestRank(const std::vector<double>& sorted, std::size_t percent) {
  const std::size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[rank - 1];
}

}  // namespace

/// A ring that writers fill without waiting for each other. A place that is claimed and not written
/// yet holds NaN, or the value that is 100 older.
class PerformanceMonitor::Series {
 public:
  Series() { values_.fill(std::numeric_limits<double>::quiet_NaN()); }

  void Add(double value) {
    if (!std::isfinite(value)) return;
    const std::uint64_t index = claimed_.fetch_add(1, std::memory_order_relaxed);
    std::atomic_ref<double>(values_[index % kWindow]).store(value, std::memory_order_relaxed);
  }

  std::optional<PerformanceMetrics> Read() {
    std::vector<double> sorted;
    sorted.reserve(kWindow);
    const std::uint64_t total = claimed_.load(std::memory_order_relaxed);
    for (double& place : values_) {
      const double value = std::atomic_ref<double>(place).load(std::memory_order_relaxed);
      if (!std::isnan(value)) sorted.push_back(value);
    }
    if (sorted.empty()) return std::nullopt;
    std::ranges::sort(sorted);
    double sum = 0;
    for (const double value : sorted) sum += value / static_cast<double>(sorted.size());
    return PerformanceMetrics{.count = sorted.size(),
                              .average = sum,
                              .p50 = NearestRank(sorted, 50),
                              .p95 = NearestRank(sorted, 95),
                              .p99 = NearestRank(sorted, 99),
                              .min = sorted.front(),
                              .max = sorted.back(),
                              .total = std::max<std::uint64_t>(total, sorted.size())};
  }

 private:
  std::atomic<std::uint64_t> claimed_{0};
  std::array<double, kWindow> values_{};
};

struct PerformanceMonitor::State {
  mutable std::shared_mutex mutex;
  // Guarded by mutex; what it holds is never removed, and synchronises itself.
  std::map<std::string, std::unique_ptr<Series>, std::less<>> series;
  Series other;

  Series* FindKnown(std::string_view name) {
    const std::shared_lock lock(mutex);
    const auto found = series.find(name);
    if (found != series.end()) return found->second.get();
    const bool full = name == kOther || series.size() == kNamesMax;
    return full ? &other : nullptr;
  }
};

PerformanceMonitor::PerformanceMonitor() : state_(std::make_unique<State>()) {}
PerformanceMonitor::~PerformanceMonitor() = default;

PerformanceMonitor::Series& PerformanceMonitor::Find(std::string_view name) {
  if (Series* known = state_->FindKnown(name)) return *known;
  const std::string printable = PrintableText(name, kNameBytesMax);
  if (printable == kOther) return state_->other;
  const std::unique_lock lock(state_->mutex);
  const auto found = state_->series.find(printable);
  if (found != state_->series.end()) return *found->second;
  if (state_->series.size() == kNamesMax) return state_->other;
  return *state_->series.emplace(printable, std::make_unique<Series>()).first->second;
}

void PerformanceMonitor::Record(Series& series, double value) { series.Add(value); }

void PerformanceMonitor::RecordMetric(std::string_view name, double value) {
  if (std::isfinite(value)) Find(name).Add(value);
}

std::optional<PerformanceMetrics> PerformanceMonitor::GetMetrics(std::string_view name) const {
  const std::string printable = PrintableText(name, kNameBytesMax);
  const std::shared_lock lock(state_->mutex);
  if (printable == kOther) return state_->other.Read();
  const auto found = state_->series.find(printable);
  if (found == state_->series.end()) return std::nullopt;
  return found->second->Read();
}

std::map<std::string, PerformanceMetrics> PerformanceMonitor::GetAllMetrics() const {
  std::map<std::string, PerformanceMetrics> all;
  const std::shared_lock lock(state_->mutex);
  for (const auto& [name, series] : state_->series) {
    if (const auto metrics = series->Read()) all.emplace(name, *metrics);
  }
  if (const auto metrics = state_->other.Read()) all.emplace(kOther, *metrics);
  return all;
}

}  // namespace pgsidecar
