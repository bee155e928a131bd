#include "app/sections.h"

#include <gtest/gtest.h>

#include <set>

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

}  // namespace
}  // namespace pgsidecar::app
