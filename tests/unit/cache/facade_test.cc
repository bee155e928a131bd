#include "cache/facade.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "unit/cache/fixture.h"

namespace pgsidecar {
namespace {

using namespace std::chrono_literals;

TEST(Cache, GetSetAndForget) {
  Cache cache;
  EXPECT_FALSE(cache.Get("a"));
  EXPECT_TRUE(cache.Set("a", "1"));
  ASSERT_TRUE(cache.Get("a"));
  EXPECT_EQ(cache.Get("a")->value, "1");
  EXPECT_FALSE(cache.Get("a")->from_redis);
  EXPECT_EQ(cache.Invalidate("a").memory, 1U);
  EXPECT_FALSE(cache.Get("a"));
}

TEST(Cache, CachedQueryRunsTheFunctionOnce) {
  Cache cache;
  int runs = 0;
  const auto fetch = [&runs] { return Fetched(std::to_string(++runs)); };
  EXPECT_EQ(cache.CachedQuery("a", fetch).value, "1");
  EXPECT_EQ(cache.CachedQuery("a", fetch).value, "1");
  EXPECT_EQ(runs, 1);
  cache.Invalidate("a*");
  EXPECT_EQ(cache.CachedQuery("a", fetch).value, "2");
}

TEST(Cache, ManyThreadsShareOneRun) {
  Cache cache;
  std::atomic<int> runs = 0;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  std::atomic<bool> go = false;
  for (int i = 0; i < 64; ++i) {
    threads.emplace_back([&] {
      while (!go) std::this_thread::yield();
      const CachedValue value = cache.CachedQuery("a", [&runs] {
        ++runs;
        std::this_thread::sleep_for(20ms);
        return Fetched("1");
      });
      if (value.value == "1") ++right;
    });
  }
  go = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(right, 64);
}

TEST(Cache, WhatTheFunctionThrowsReachesTheCallerUnchanged) {
  Cache cache;
  const auto fail = []() -> Fetched { throw std::out_of_range("mine"); };
  try {
    cache.CachedQuery("a", fail);
    FAIL();
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "mine");
  }
  EXPECT_FALSE(cache.Get("a"));
  EXPECT_EQ(cache.CachedQuery("a", [] { return Fetched("1"); }).value, "1");
}

TEST(Cache, AStaleValueStandsInForAnOriginThatIsAway) {
  cache::CoreFixture fixture;
  const auto cache = cache::MakeCache(*fixture.core);
  cache->Set("a", "old", 10s);
  fixture.Advance(11 * kNanosPerSecond);
  EXPECT_FALSE(cache->Get("a"));
  const auto away = []() -> Fetched { throw OriginUnavailable("connection refused"); };
  EXPECT_EQ(cache->CachedQuery("a", away).value, "old");
  EXPECT_THROW(cache->CachedQuery("b", away), OriginUnavailable);
}

TEST(Cache, AStaleValueIsRenewedInTheBackground) {
  cache::Options options;
  options.stale_while_revalidate = 1h;
  cache::CoreFixture fixture(options);
  const auto cache = cache::MakeCache(*fixture.core);
  cache->Set("a", "old", 10s);
  fixture.Advance(11 * kNanosPerSecond);
  const auto fetch = [] { return Fetched("new"); };
  EXPECT_EQ(cache->CachedQuery("a", fetch).value, "old");
  const auto limit = std::chrono::steady_clock::now() + 10s;
  while (!cache->Get("a") && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  ASSERT_TRUE(cache->Get("a"));
  EXPECT_EQ(cache->Get("a")->value, "new");
  EXPECT_EQ(fixture.Sample(R"(refreshes_total{cache="query",reason="stale"})"), 1);
}

TEST(Cache, TagsAndClear) {
  Cache cache;
  cache.Set("a", "1", 60s, {"users"});
  cache.Set("b", "2", 60s, {"orders"});
  cache.Set("c", "3");
  EXPECT_EQ(cache.InvalidateTags({"users", "none"}).memory, 1U);
  EXPECT_FALSE(cache.Get("a"));
  EXPECT_TRUE(cache.Get("b"));
  EXPECT_EQ(cache.ClearCache("b").memory, 1U);
  EXPECT_EQ(cache.ClearCache().memory, 1U);
  EXPECT_FALSE(cache.Get("c"));
}

TEST(Cache, ArgumentsThatMakeNoSenseAreRefused) {
  Cache cache;
  EXPECT_THROW(cache.Invalidate(""), std::invalid_argument);
  EXPECT_THROW(cache.Invalidate("[a"), std::invalid_argument);
  EXPECT_THROW(cache.Set("a", "1", 0s), std::invalid_argument);
  EXPECT_THROW(cache.Set("a", "1", 1s, std::vector<std::string>(17, "t")), std::invalid_argument);
  EXPECT_THROW(cache.Set("a", "1", 1s, {std::string(257, 't')}), std::invalid_argument);
  CacheOptions options;
  options.secret = "short";
  EXPECT_THROW(Cache{options}, std::invalid_argument);
  options = {};
  options.redis_url = "ftp://user:secret@host";
  try {
    const Cache refused(options);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("ftp"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
  }
}

TEST(Cache, WhatDoesNotFitIsNotKept) {
  Cache cache;
  EXPECT_FALSE(cache.Set("a", std::string((1U << 20U) + 1, 'x')));
  EXPECT_FALSE(cache.Set(std::string(2049, 'n'), "1"));
  const std::string big((1U << 20U) + 1, 'x');
  EXPECT_EQ(cache.CachedQuery("a", [&big] { return Fetched(big); }).value, big);
  EXPECT_FALSE(cache.Get("a"));
}

}  // namespace
}  // namespace pgsidecar
