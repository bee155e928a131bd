#include "cache/redis_breaker.h"

#include <gtest/gtest.h>

namespace pgsidecar::cache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanos kStart = 5 * kNanosPerSecond;

TEST(RedisBreaker, FiveFailuresInARowOpenIt) {
  RedisBreaker breaker;
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker.Fail(kStart, RedisFailure::kTimeout));
  breaker.Succeed(kStart);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker.Fail(kStart, RedisFailure::kTimeout));
  EXPECT_FALSE(breaker.open());
  EXPECT_TRUE(breaker.Fail(kStart, RedisFailure::kTimeout));
  EXPECT_TRUE(breaker.open());
  EXPECT_FALSE(breaker.Fail(kStart, RedisFailure::kTimeout)) << "it opens once";
}

/// Fails and succeeds in turn, never 5 failures in a row; `failures` first, then as many successes
/// as there are to come.
bool OpensAfter(int failures, int successes, Nanos step) {
  RedisBreaker breaker;
  Nanos now = kStart;
  while (failures > 0 || successes > 0) {
    for (int i = 0; i < 3 && failures > 0; ++i, --failures, now += step) {
      if (breaker.Fail(now, RedisFailure::kReset)) return true;
    }
    if (successes > 0) {
      --successes;
      breaker.Succeed(now);
      now += step;
    }
  }
  return false;
}

TEST(RedisBreaker, MoreThanHalfOfTwentyOpenIt) {
  EXPECT_FALSE(OpensAfter(14, 5, 0)) << "19 are too few to tell";
  EXPECT_TRUE(OpensAfter(16, 5, 0));
  EXPECT_FALSE(OpensAfter(16, 5, kNanosPerSecond / 5)) << "of the last second only";
}

TEST(RedisBreaker, HalfIsNotMore) {
  RedisBreaker breaker;
  for (int i = 0; i < 100; ++i) {
    breaker.Succeed(kStart);
    EXPECT_FALSE(breaker.Fail(kStart, RedisFailure::kReset));
  }
}

TEST(RedisBreaker, CredentialsAndClustersOpenItAtOnce) {
  RedisBreaker breaker;
  EXPECT_TRUE(breaker.Fail(kStart, RedisFailure::kAuth));
  RedisBreaker other;
  EXPECT_TRUE(other.Fail(kStart, RedisFailure::kCluster));
}

TEST(RedisBreaker, PausesGrowToTenSecondsAndAreRandom) {
  RedisBreaker breaker;
  constexpr double kMost = 0.999'999;
  const auto near = [](std::chrono::nanoseconds pause, milliseconds expected) {
    return pause <= expected && pause > expected - milliseconds(1);
  };
  for (int expected : {100, 200, 400, 800, 1600, 3200, 6400, 10'000, 10'000}) {
    EXPECT_TRUE(near(breaker.NextPause(RedisFailure::kTimeout, kMost), milliseconds(expected)));
  }
  EXPECT_EQ(breaker.NextPause(RedisFailure::kTimeout, 0), milliseconds(0));
  EXPECT_EQ(breaker.NextPause(RedisFailure::kAuth, kMost), seconds(30));
  EXPECT_EQ(breaker.NextPause(RedisFailure::kCluster, kMost), seconds(60));
  breaker.Close();
  EXPECT_TRUE(near(breaker.NextPause(RedisFailure::kTimeout, kMost), milliseconds(100)));
}

TEST(RedisBreaker, CloseForgetsFailures) {
  RedisBreaker breaker;
  for (int i = 0; i < 5; ++i) breaker.Fail(kStart, RedisFailure::kTimeout);
  breaker.Close();
  EXPECT_FALSE(breaker.open());
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker.Fail(kStart, RedisFailure::kTimeout));
}

}  // namespace
}  // namespace pgsidecar::cache
