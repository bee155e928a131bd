#include "pgsidecar/performance_monitor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>
#include <vector>

namespace pgsidecar {
namespace {

TEST(PerformanceMonitor, KnowsNothingAtFirst) {
  PerformanceMonitor monitor;
  EXPECT_FALSE(monitor.GetMetrics("a"));
  EXPECT_TRUE(monitor.GetAllMetrics().empty());
  monitor.Find("a");  // A name without a value is none.
  EXPECT_FALSE(monitor.GetMetrics("a"));
  EXPECT_TRUE(monitor.GetAllMetrics().empty());
}

TEST(PerformanceMonitor, TakesNearestRanks) {
  PerformanceMonitor monitor;
  for (int i = 100; i >= 1; --i) monitor.RecordMetric("a", i);
  const auto metrics = monitor.GetMetrics("a");
  ASSERT_TRUE(metrics);
  EXPECT_EQ(metrics->count, 100U);
  EXPECT_NEAR(metrics->average, 50.5, 1e-9);
  EXPECT_EQ(metrics->p50, 50);
  EXPECT_EQ(metrics->p95, 95);
  EXPECT_EQ(metrics->p99, 99);
  EXPECT_EQ(metrics->min, 1);
  EXPECT_EQ(metrics->max, 100);
  EXPECT_EQ(metrics->total, 100U);
}

TEST(PerformanceMonitor, OneValueIsEveryQuantile) {
  PerformanceMonitor monitor;
  monitor.RecordMetric("a", 7);
  const auto metrics = monitor.GetMetrics("a");
  EXPECT_EQ(metrics->count, 1U);
  EXPECT_EQ(metrics->p50, 7);
  EXPECT_EQ(metrics->p99, 7);
  monitor.RecordMetric("a", 9);
  EXPECT_EQ(monitor.GetMetrics("a")->p50, 7);
  EXPECT_EQ(monitor.GetMetrics("a")->p95, 9);
}

TEST(PerformanceMonitor, ForgetsAllButTheLastHundred) {
  PerformanceMonitor monitor;
  for (int i = 1; i <= 250; ++i) monitor.RecordMetric("a", i);
  const auto metrics = monitor.GetMetrics("a");
  EXPECT_EQ(metrics->count, 100U);
  EXPECT_EQ(metrics->min, 151);
  EXPECT_EQ(metrics->max, 250);
  EXPECT_EQ(metrics->total, 250U);
}

TEST(PerformanceMonitor, IgnoresWhatIsNotFinite) {
  PerformanceMonitor monitor;
  monitor.RecordMetric("a", NAN);
  monitor.RecordMetric("a", INFINITY);
  EXPECT_FALSE(monitor.GetMetrics("a"));
  PerformanceMonitor::Record(monitor.Find("a"), -INFINITY);
  monitor.RecordMetric("a", 1);
  EXPECT_EQ(monitor.GetMetrics("a")->total, 1U);
}

TEST(PerformanceMonitor, NamesAreBounded) {
  PerformanceMonitor monitor;
  for (std::size_t i = 0; i < PerformanceMonitor::kNamesMax + 5; ++i) {
    monitor.RecordMetric("name " + std::to_string(i), 1);
  }
  EXPECT_EQ(monitor.GetAllMetrics().size(), PerformanceMonitor::kNamesMax + 1);
  EXPECT_EQ(monitor.GetMetrics("other")->total, 5U);
  monitor.RecordMetric("name 3", 2);
  EXPECT_EQ(monitor.GetMetrics("name 3")->total, 2U);
}

TEST(PerformanceMonitor, CountsExactlyUnderManyThreads) {
  constexpr int kThreads = 8, kValues = 20000;
  PerformanceMonitor monitor;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&monitor, i] {
      for (int k = 0; k < kValues; ++k) monitor.RecordMetric("name " + std::to_string(k % 3), i);
      for (int k = 0; k < 100; ++k) (void)monitor.GetAllMetrics();
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::uint64_t total = 0;
  for (const auto& [name, metrics] : monitor.GetAllMetrics()) {
    total += metrics.total;
    EXPECT_EQ(metrics.count, 100U);
    EXPECT_LT(metrics.max, kThreads);
  }
  EXPECT_EQ(total, static_cast<std::uint64_t>(kThreads) * kValues);
}

}  // namespace
}  // namespace pgsidecar
