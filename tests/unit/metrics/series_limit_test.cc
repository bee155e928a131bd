#include "metrics/series_limit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "metrics/query_metrics.h"
#include "metrics/statement_metrics.h"
#include "page_reader.h"

namespace pgsidecar::metrics {
namespace {

TEST(SeriesLimit, IsTheSumOverTheDeclarations) {
  constexpr Declaration kOne{"pgsidecar_one", Type::kGauge, "", ""};
  constexpr Declaration kByDatabase{"pgsidecar_x_total", Type::kCounter, "datname,command", ""};
  constexpr Declaration kHistogram{"pgsidecar_x_seconds", Type::kHistogram, "datname", "",
                                   Buckets::kQ};
  constexpr Declaration kFacts{"pgsidecar_x_info", Type::kInfo, "a,b,c,d,e", ""};
  EXPECT_EQ(SeriesLimit({kOne}, {}), 1);
  EXPECT_EQ(SeriesLimit({kFacts}, {}), 1);
  EXPECT_EQ(SeriesLimit({kOne, kByDatabase}, {}), 1 + 9 * 11);
  EXPECT_EQ(SeriesLimit({kHistogram}, {}), 9 * (16 + 3));
  EXPECT_EQ(SeriesLimit({kHistogram}, {.slow_threshold_seconds = 0.3}), 9 * (17 + 3));
  EXPECT_EQ(SeriesLimit({kStatementErrorsTotal}, {}), 200 + 10 + 9);
  EXPECT_EQ(SeriesLimit({kStatementLastSlowTimestampSeconds}, {}), 50 + 9);
  EXPECT_EQ(SeriesLimit({kStatementInfo}, {}), 200 + 10 + 50 + 1);
}

TEST(SeriesLimit, IsReachedButNotPassedByTheRecorder) {
  Registry registry(1);
  Recorder recorder(registry);
  for (int database = 0; database < 20; ++database) {
    DatabaseRecorder& books = recorder.Database("db" + std::to_string(database));
    for (int code = 0; code < 100; ++code) {
      Execution execution{.failed = true, .duration = 1000};
      const std::string text = std::to_string(10000 + code);
      std::ranges::copy(text, execution.sqlstate.begin());
      books.Record(execution, nullptr);
    }
  }
  const std::string page = TextPage(registry);
  std::size_t series = 0;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    const bool self = line.starts_with("pgsidecar_expos") || line.starts_with("pgsidecar_internal");
    series += line.starts_with("#") || self ? 0 : 1;
  }
  EXPECT_EQ(series, SeriesLimit({kQueryMetrics.begin(), kQueryMetrics.end()}, {}));
}

}  // namespace
}  // namespace pgsidecar::metrics
