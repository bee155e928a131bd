#include "metrics/query_plan.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pgsidecar::metrics {
namespace {

TEST(ParsePlan, GivesTheOnePlanOnOneLine) {
  const auto plan = ParsePlan("[\n  {\n    \"Plan\": {\"Node Type\": \"Seq Scan\"}\n  }\n]");
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->json, R"({"Plan":{"Node Type":"Seq Scan"}})");
  EXPECT_FALSE(plan->cut);
}

TEST(ParsePlan, RefusesWhatIsNoJson) {
  for (const char* text : {"", "[{", "Seq Scan on a", "[{}] x", "[\"\xff\"]"}) {
    EXPECT_FALSE(ParsePlan(text).has_value()) << text;
  }
}

TEST(ParsePlan, CutsALongPlanToAText) {
  const std::string name(2 * kPlanBytesMax, '"');
  const auto plan = ParsePlan(nlohmann::json{{{"Plan", name}}}.dump());
  ASSERT_TRUE(plan.has_value());
  EXPECT_TRUE(plan->cut);
  const auto text = nlohmann::json::parse(plan->json).get<std::string>();
  EXPECT_EQ(text.size(), kPlanBytesMax);
  EXPECT_TRUE(text.starts_with(R"({"Plan":"\"\")"));
}

TEST(ParsePlan, KeepsAPlanOfTheLargestSize) {
  const std::string name(kPlanBytesMax - std::string_view(R"({"P":""})").size(), 'x');
  const auto plan = ParsePlan(nlohmann::json{{{"P", name}}}.dump());
  ASSERT_TRUE(plan.has_value());
  EXPECT_FALSE(plan->cut);
  EXPECT_EQ(plan->json.size(), kPlanBytesMax);
}

}  // namespace
}  // namespace pgsidecar::metrics
