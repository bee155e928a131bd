#include "executor/recent_statements.h"

#include <gtest/gtest.h>

namespace pgsidecar::executor {
namespace {

constexpr Nanos kEvery = 600;

TEST(RecentStatements, AreForgottenAfterTheInterval) {
  RecentStatements recent(kEvery);
  EXPECT_FALSE(recent.Has("a", 0));
  recent.Add("a", 100);
  EXPECT_TRUE(recent.Has("a", 699));
  EXPECT_FALSE(recent.Has("a", 700));
  EXPECT_FALSE(recent.Has("b", 100));
}

TEST(RecentStatements, AreForgottenOnDemand) {
  RecentStatements recent(kEvery);
  recent.Add("a", 100);
  recent.Forget("a");
  EXPECT_FALSE(recent.Has("a", 100));
}

TEST(RecentStatements, CountFromTheLastTime) {
  RecentStatements recent(kEvery);
  recent.Add("a", 100);
  recent.Add("a", 500);
  EXPECT_TRUE(recent.Has("a", 1000));
}

TEST(RecentStatements, AreNeverRecentWithoutAnInterval) {
  RecentStatements recent(0);
  recent.Add("a", 100);
  EXPECT_FALSE(recent.Has("a", 100));
}

TEST(RecentStatements, KeepTheLatestOfTooMany) {
  RecentStatements recent(1'000'000);
  constexpr Nanos kMany = 3 * RecentStatements::kMax;
  for (Nanos i = 0; i < kMany; ++i) recent.Add(std::to_string(i), i);
  EXPECT_EQ(recent.size(), RecentStatements::kMax);
  EXPECT_TRUE(recent.Has(std::to_string(kMany - 1), kMany));
  EXPECT_FALSE(recent.Has("0", kMany));
}

TEST(RecentStatements, MakeRoomByWhatIsOver) {
  RecentStatements recent(kEvery);
  for (std::size_t i = 0; i < RecentStatements::kMax; ++i) recent.Add(std::to_string(i), 0);
  recent.Add("new", kEvery);
  EXPECT_EQ(recent.size(), 1U);
}

}  // namespace
}  // namespace pgsidecar::executor
