#include <gmock/gmock.h>

#include "metrics/exposition.h"
#include "metrics/query_metrics.h"
#include "metrics/statement_metrics.h"

namespace pgsidecar::metrics {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(DescribeMetrics, IsATablePerSection) {
  const std::string page =
      DescribeMetrics({{"Queries and transactions", {kQueryMetrics.begin(), kQueryMetrics.end()}},
                       {"Statements", {kStatementMetrics.begin(), kStatementMetrics.end()}}});
  EXPECT_THAT(page, StartsWith("# Metrics\n\n"));
  EXPECT_THAT(page, HasSubstr("\n## Queries and transactions\n\n| name | type | labels |"));
  EXPECT_THAT(page, HasSubstr("| `pgsidecar_query_duration_seconds` | histogram | `datname`, "
                              "`command` | seconds | Time from receiving a statement until "
                              "PostgreSQL completed it, successful or not. | Q |\n"));
  EXPECT_THAT(page, HasSubstr("| `pgsidecar_slow_query_threshold_seconds` | gauge |  | seconds | "
                              "Configured slow query threshold. |  |\n"));
  EXPECT_THAT(page, HasSubstr("\n## Statements\n"));
  EXPECT_THAT(page, HasSubstr("| `pgsidecar_statement_info` | info |"));
  EXPECT_THAT(page, HasSubstr("| S | "));
  EXPECT_THAT(page, HasSubstr(" 0.001 0.005 0.01 0.05 0.1 0.25 0.5 1.0 5.0 10.0 |\n"));
}

}  // namespace
}  // namespace pgsidecar::metrics
