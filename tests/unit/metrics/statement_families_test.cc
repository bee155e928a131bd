#include <gtest/gtest.h>

#include "metrics/recorder.h"
#include "page_reader.h"

namespace pgsidecar::metrics {
namespace {

constexpr StatementLabels kLabels{"app", "users.by_id", "0123456789abcdef"};
constexpr std::string_view kPrinted =
    R"({datname="app",operation="users.by_id",fingerprint="0123456789abcdef"})";

std::string Named(std::string_view name) {
  return "pgsidecar_" + std::string(name) + std::string(kPrinted);
}

TEST(StatementFamilies, AddsSeriesAtZeroAndFindsThemAgain) {
  Registry registry(1);
  StatementFamilies families(registry);
  StatementSeries& series = families.Add(kLabels);
  EXPECT_EQ(&series, &families.Add(kLabels));
  std::string page = TextPage(registry);
  EXPECT_EQ(SampleIn(page, Named("statement_duration_seconds_count")), 0);
  EXPECT_EQ(SampleIn(page, Named("statement_errors_total")), 0);
  EXPECT_EQ(SampleIn(page, Named("statement_slow_total")), 0);
  EXPECT_EQ(page.find("last_slow"), std::string::npos);
  EXPECT_EQ(page.find("statement_info"), std::string::npos);

  series.duration.Observe(2);
  series.slow.Increment();
  page = TextPage(registry);
  EXPECT_EQ(SampleIn(page, Named("statement_duration_seconds_sum")), 2);
  EXPECT_EQ(SampleIn(page, Named("statement_slow_total")), 1);
}

TEST(StatementFamilies, RemovesWhatItAdded) {
  Registry registry(1);
  StatementFamilies families(registry);
  families.Add(kLabels).errors.Increment();
  families.Remove(families.Add(kLabels));
  EXPECT_EQ(TextPage(registry).find("pgsidecar_statement_"), std::string::npos);
  EXPECT_EQ(families.Add(kLabels).errors.Value(), 0) << "starts again at 0";
}

TEST(StatementFamilies, InfoLivesFromTheFirstToTheLastDatabase) {
  Registry registry(1);
  StatementFamilies families(registry);
  const StatementLabels elsewhere{"other_db", kLabels.operation, kLabels.fingerprint};
  families.AddInfo(kLabels, "SELECT users", "SELECT * FROM users WHERE id = $1");
  families.AddInfo(elsewhere, "another summary", "another text");
  const std::string info =
      R"(pgsidecar_statement_info{fingerprint="0123456789abcdef",operation="users.by_id",)"
      R"(summary="SELECT users",query="SELECT * FROM users WHERE id = $1"})";
  EXPECT_EQ(Sample(registry, info), 1);
  EXPECT_EQ(TotalIn(TextPage(registry), "pgsidecar_statement_info").series, 1)
      << "the labels of an info series never change";
  families.RemoveInfo(elsewhere);
  EXPECT_EQ(Sample(registry, info), 1);
  families.RemoveInfo(kLabels);
  EXPECT_EQ(Sample(registry, info), std::nullopt);
}

TEST(StatementFamilies, SlowListKeepsTheLatest) {
  Registry registry(1);
  StatementFamilies families(registry);
  families.SetLastSlow(kLabels, 1'700'000'000.5, 1.5);
  families.SetLastSlow(kLabels, 1'700'000'001, 2);
  EXPECT_EQ(Sample(registry, Named("statement_last_slow_timestamp_seconds")), 1'700'000'001);
  EXPECT_EQ(Sample(registry, Named("statement_last_slow_duration_seconds")), 2);
  families.RemoveLastSlow(kLabels);
  families.RemoveLastSlow(kLabels);
  EXPECT_EQ(TextPage(registry).find("last_slow"), std::string::npos);
}

}  // namespace
}  // namespace pgsidecar::metrics
