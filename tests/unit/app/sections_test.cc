#include "app/sections.h"

#include <gtest/gtest.h>

#include <set>

#include "cache/cache_metrics.h"
#include "sql/cache_judge.h"

namespace pgsidecar::app {
namespace {

TEST(MetricSections, DeclareEveryNameOnceAndWithAUnit) {
  std::set<std::string_view> names;
  for (const metrics::Declaration& declaration : AllDeclarations()) {
    EXPECT_TRUE(names.insert(declaration.name).second) << declaration.name;
    EXPECT_TRUE(declaration.name.starts_with("pgsidecar_") ||
                declaration.name.starts_with("process_"))
        << declaration.name;
    EXPECT_EQ(declaration.type == metrics::Type::kCounter, declaration.name.ends_with("_total"))
        << declaration.name;
    EXPECT_EQ(declaration.type == metrics::Type::kInfo, declaration.name.ends_with("_info"))
        << declaration.name;
    EXPECT_EQ(declaration.type == metrics::Type::kHistogram,
              declaration.buckets != metrics::Buckets::kNone)
        << declaration.name;
    EXPECT_TRUE(declaration.help.ends_with('.') || declaration.name.starts_with("process_"))
        << declaration.name;
  }
}

TEST(MetricSections, AreDescribedTheSameEveryTime) {
  EXPECT_EQ(metrics::DescribeMetrics(MetricSections()), metrics::DescribeMetrics(MetricSections()));
}

TEST(MetricSections, ReasonsOfTheJudgeAreThoseOfTheCache) {
  ASSERT_EQ(sql::kBypassReasons, cache::kSqlBypasses);
  for (std::size_t i = 0; i < cache::kSqlBypasses; ++i) {
    EXPECT_EQ(Name(static_cast<sql::BypassReason>(i)), cache::kBypassNames[i]);
  }
}

}  // namespace
}  // namespace pgsidecar::app
