#include "metrics/registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "metrics/declaration.h"
#include "metrics/label_value.h"
#include "page_reader.h"

namespace pgsidecar::metrics {
namespace {

constexpr Declaration kCalls{"pgsidecar_calls_total", Type::kCounter, "route,method", "Calls."};
constexpr Declaration kOpen{"pgsidecar_open", Type::kGauge, "state", "Open."};
constexpr Declaration kWait{"pgsidecar_wait_seconds", Type::kHistogram, "pool", "Wait.",
                            Buckets::kQ};

TEST(Registry, FindsASeriesThatExists) {
  Registry registry(1);
  EXPECT_EQ(&registry.AddCounter(kCalls, {"a", "GET"}), &registry.AddCounter(kCalls, {"a", "GET"}));
  EXPECT_NE(&registry.AddCounter(kCalls, {"a", "GET"}), &registry.AddCounter(kCalls, {"GET", "a"}));
  EXPECT_EQ(&registry.AddGauge(kOpen, {"x"}), &registry.AddGauge(kOpen, {"x"}));
  EXPECT_EQ(&registry.AddHistogram(kWait, {"x"}), &registry.AddHistogram(kWait, {"x"}));
}

TEST(Registry, RemovesOneSeriesAndStartsAgainAtZero) {
  Registry registry(1);
  registry.AddCounter(kCalls, {"a", "GET"}).Increment();
  registry.AddCounter(kCalls, {"b", "GET"}).Increment();
  registry.AddGauge(kOpen, {"x"}).Set(3);
  registry.AddHistogram(kWait, {"x"}).Observe(1);

  registry.Remove(registry.AddCounter(kCalls, {"a", "GET"}));
  registry.Remove(registry.AddGauge(kOpen, {"x"}));
  registry.Remove(registry.AddHistogram(kWait, {"x"}));
  const std::string page = TextPage(registry);
  EXPECT_EQ(SampleIn(page, R"(pgsidecar_calls_total{route="a",method="GET"})"), std::nullopt);
  EXPECT_EQ(SampleIn(page, R"(pgsidecar_calls_total{route="b",method="GET"})"), 1);
  EXPECT_EQ(page.find("pgsidecar_open"), std::string::npos);
  EXPECT_EQ(page.find("pgsidecar_wait"), std::string::npos);

  EXPECT_EQ(registry.AddCounter(kCalls, {"a", "GET"}).Value(), 0);
  registry.AddHistogram(kWait, {"x"});
  EXPECT_EQ(Sample(registry, R"(pgsidecar_wait_seconds_count{pool="x"})"), 0);
}

TEST(Registry, CallsTheRefreshersBeforeEveryExposition) {
  Registry registry(1);
  Gauge& gauge = registry.AddGauge(kOpen, {"x"});
  registry.BeforeCollect([&] { gauge.Increment(); });
  EXPECT_EQ(Sample(registry, R"(pgsidecar_open{state="x"})"), 1);
  EXPECT_EQ(Sample(registry, R"(pgsidecar_open{state="x"})"), 2);
}

TEST(LabelValue, CutsByLabelAndAtACharacter) {
  const std::string long_text(300, 'x');
  EXPECT_EQ(LabelValue("datname", long_text).size(), 128);
  EXPECT_EQ(LabelValue("query", long_text).size(), 200);
  EXPECT_EQ(LabelValue("summary", long_text).size(), 80);
  EXPECT_EQ(LabelValue("operation", long_text).size(), 80);
  EXPECT_EQ(LabelValue("operation", std::string(79, 'x') + "é").size(), 79);
  EXPECT_EQ(LabelValue("datname", "a\nb\xFF"), "a b\xEF\xBF\xBD");
}

// The library counts a value in the first bucket whose bound is not below it.
TEST(Histogram, BucketOfAgreesWithTheLibraryAtEveryBound) {
  for (const double threshold : {1.0, 0.3, 0.0}) {
    const std::vector<double> bounds = BoundsOf(Buckets::kQ, threshold);
    std::vector<double> values = {-1, 0, std::numeric_limits<double>::infinity(),
                                  std::numeric_limits<double>::max()};
    for (const double bound : bounds) {
      values.insert(values.end(), {bound, std::nextafter(bound, -1), std::nextafter(bound, 1e9)});
    }
    for (const double value : values) {
      prometheus::Histogram raw(bounds);
      Histogram histogram(raw, bounds);
      histogram.Observe(value);
      const auto buckets = raw.Collect().histogram.bucket;
      const auto first = std::ranges::find_if(
          buckets, [](const auto& bucket) { return bucket.cumulative_count == 1; });
      EXPECT_EQ(histogram.BucketOf(value), static_cast<std::size_t>(first - buckets.begin()))
          << value;
    }
  }
}

TEST(Histogram, AddsObservationsCountedElsewhere) {
  Registry registry(1);
  Histogram& histogram = registry.AddHistogram(kWait, {"x"});
  std::vector<double> counts(histogram.bounds().size() + 1, 0);
  counts[histogram.BucketOf(0.2)] = 3;
  counts.back() = 2;
  histogram.ObserveMany(counts, 20.6);
  const std::string page = TextPage(registry);
  EXPECT_EQ(SampleIn(page, R"(pgsidecar_wait_seconds_bucket{pool="x",le="0.1"})"), 0);
  EXPECT_EQ(SampleIn(page, R"(pgsidecar_wait_seconds_bucket{pool="x",le="0.25"})"), 3);
  EXPECT_EQ(SampleIn(page, R"(pgsidecar_wait_seconds_count{pool="x"})"), 5);
  EXPECT_EQ(SampleIn(page, R"(pgsidecar_wait_seconds_sum{pool="x"})"), 20.6);
}

}  // namespace
}  // namespace pgsidecar::metrics
