#include "metrics/declaration.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "metrics/process_metrics.h"
#include "metrics/query_metrics.h"
#include "metrics/self_metrics.h"
#include "metrics/statement_metrics.h"

namespace pgsidecar::metrics {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Declaration WithLabels(std::string_view labels) {
  return {"pgsidecar_x_total", Type::kCounter, labels, "X."};
}

std::vector<Declaration> AllDeclarations() {
  std::vector<Declaration> all;
  all.insert(all.end(), kQueryMetrics.begin(), kQueryMetrics.end());
  all.insert(all.end(), kStatementMetrics.begin(), kStatementMetrics.end());
  all.insert(all.end(), kSelfMetrics.begin(), kSelfMetrics.end());
  all.insert(all.end(), kProcessMetrics.begin(), kProcessMetrics.end());
  return all;
}

TEST(Declaration, LabelNamesKeepTheirOrder) {
  EXPECT_THAT(LabelNames(WithLabels("")), IsEmpty());
  EXPECT_THAT(LabelNames(WithLabels("datname")), ElementsAre("datname"));
  EXPECT_THAT(LabelNames(WithLabels("b,a")), ElementsAre("b", "a"));
  EXPECT_THAT(LabelNames(WithLabels("b, a")), ElementsAre("b", "a"));
}

TEST(Declaration, UnitComesFromTheName) {
  EXPECT_EQ(UnitOf("pgsidecar_query_duration_seconds"), "seconds");
  EXPECT_EQ(UnitOf("pgsidecar_query_client_stall_seconds_total"), "seconds");
  EXPECT_EQ(UnitOf("pgsidecar_relay_buffered_bytes"), "bytes");
  EXPECT_EQ(UnitOf("pgsidecar_query_errors_total"), "");
  EXPECT_EQ(UnitOf("pgsidecar_build_info"), "");
}

TEST(Declaration, SlowThresholdIsABoundOfQAndSOnly) {
  for (const Buckets buckets : {Buckets::kQ, Buckets::kS}) {
    const auto bounds = BoundsOf(buckets, 0.3);
    EXPECT_TRUE(std::ranges::binary_search(bounds, 0.3));
    EXPECT_EQ(bounds.size(), BoundsOf(buckets, 1).size() + 1);
    EXPECT_TRUE(std::ranges::is_sorted(bounds));
  }
  for (const Buckets buckets : {Buckets::kH, Buckets::kO, Buckets::kL}) {
    EXPECT_EQ(BoundsOf(buckets, 0.3), BoundsOf(buckets, 1));
  }
}

TEST(Declaration, EverySetIsASubsetWhereTheDesignSaysSo) {
  const auto q = BoundsOf(Buckets::kQ, 0.3);
  const auto s = BoundsOf(Buckets::kS, 0.3);
  EXPECT_TRUE(std::ranges::includes(q, s)) << "totals and drill-downs agree bucket by bucket";
  EXPECT_THAT(BoundsOf(Buckets::kNone, 1), IsEmpty());
}

TEST(Declaration, NamesFollowTheConventions) {
  std::set<std::string_view> names;
  for (const Declaration& declaration : AllDeclarations()) {
    const std::string_view name = declaration.name;
    EXPECT_TRUE(names.insert(name).second) << name << " is declared twice";
    EXPECT_TRUE(name.starts_with("pgsidecar_") || name.starts_with("process_")) << name;
    EXPECT_EQ(name.ends_with("_total"), declaration.type == Type::kCounter) << name;
    EXPECT_EQ(name.ends_with("_info"), declaration.type == Type::kInfo) << name;
    EXPECT_EQ(declaration.buckets != Buckets::kNone, declaration.type == Type::kHistogram) << name;
  }
}

}  // namespace
}  // namespace pgsidecar::metrics
