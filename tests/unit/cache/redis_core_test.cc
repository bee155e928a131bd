// The core over a real Redis: what a caller sees of it.
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <random>
#include <thread>

#include "cache/core.h"
#include "cache/store_factory.h"
#include "unit/cache/redis_process.h"
#include "unit/cache/redis_proxy.h"

namespace pgsidecar::cache {
namespace {

using std::chrono::milliseconds;
using ::testing::Optional;

/// A core with its Redis, asked as a door asks.
class Instance {
 public:
  explicit Instance(const std::string& url) {
    options_.redis.url = url;
    core_ = std::make_unique<Core>(
        CoreContext{.options = options_, .clock = clock_, .registry = registry_});
    auto store = MakeRemoteStore(
        {.options = options_, .keys = core_->keys(), .clock = clock_, .registry = registry_});
    EXPECT_TRUE(store.ok()) << store.error().message;
    core_->Start(std::move(store).value());
  }
  ~Instance() { core_->Stop(); }

  LookupResult Lookup(const std::string& name) {
    std::promise<LookupResult> answer;
    const Nanos before = clock_.Now();
    core_->Lookup(Request(name), [&](LookupResult result) { answer.set_value(std::move(result)); });
    LookupResult result = answer.get_future().get();
    longest_ = std::max(longest_, clock_.Now() - before);
    return result;
  }

  /// The value of a hit; nothing for a miss, whose fetch is given up.
  std::optional<std::string> Get(const std::string& name) {
    std::promise<LookupResult> answer;
    core_->Peek(Request(name), [&](LookupResult result) { answer.set_value(std::move(result)); });
    const LookupResult result = answer.get_future().get();
    return result.entry == nullptr ? std::nullopt : std::optional(result.entry->body);
  }

  /// True if it was stored.
  bool Set(const std::string& name, const std::string& value, const std::string& tag = "t") {
    Fill fill;
    fill.body = value;
    fill.tags = {tag};
    return !core_->Put(Request(name), std::move(fill)).refused.has_value();
  }

  bool WaitFor(CacheState state) {
    return Eventually([&] { return core_->state() == state; }, std::chrono::seconds(15));
  }
  Invalidated Purge(const std::string& pattern) {
    return core_->Purge(core_->PatternEvent(pattern, DoorSet::All()).value());
  }
  Core& core() { return *core_; }
  Nanos longest() const { return longest_; }

 private:
  LookupRequest Request(const std::string& name) {
    LookupRequest request;
    request.key = core_->keys().Key(Door::kQuery, {name});
    request.name = name;
    return request;
  }

  Options options_;
  SystemClock clock_;
  metrics::Registry registry_{1};
  Nanos longest_ = 0;
  std::unique_ptr<Core> core_;
};

TEST(RedisCore, TwoInstancesShareEntriesAndInvalidations) {
  RedisProcess redis;
  Instance one(redis.url());
  Instance two(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(two.WaitFor(CacheState::kRedis));
  for (const auto& [name, event] :
       {std::pair<std::string, Event>{"user:1",
                                      one.core().PatternEvent("user:1", DoorSet::All()).value()},
        {"user:2", one.core().PatternEvent("user:*", DoorSet::All()).value()},
        {"user:3", one.core().TagEvent("t")},
        {"user:4", {.kind = EventKind::kAll}}}) {
    ASSERT_TRUE(Eventually([&, n = name] { return one.Set(n, "old") && two.Get(n) == "old"; }))
        << name;
    one.core().Invalidate(event);
    EXPECT_EQ(one.Get(name), std::nullopt) << name;
    EXPECT_TRUE(Eventually([&, n = name] { return !two.Get(n).has_value(); }, milliseconds(100)))
        << name;
    ASSERT_TRUE(Eventually([&, n = name] { return two.Set(n, "new") && one.Get(n) == "new"; }))
        << name;
  }
}

TEST(RedisCore, APurgeSaysWhetherRedisKnows) {
  RedisProcess redis;
  Instance one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Set("user:1", "value"));
  const Invalidated known = one.Purge("user:*");
  EXPECT_EQ(known.memory, 1U);
  EXPECT_FALSE(known.pending);
  redis.Kill();
  ASSERT_TRUE(one.WaitFor(CacheState::kMemory));
  EXPECT_TRUE(one.Purge("user:*").pending);
  EXPECT_EQ(one.core().stats().pending, 1U);
  redis.Start();
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  EXPECT_TRUE(Eventually([&] { return one.core().stats().pending == 0; }));
}

TEST(RedisCore, KilledUnderLoadIsNoErrorAndNoDelay) {
  RedisProcess redis;
  Instance one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  std::atomic<bool> done = false;
  std::thread caller([&] {
    std::minstd_rand random(7);
    while (!done) {
      const std::string name = "k" + std::to_string(random() % 20);
      LookupResult result = one.Lookup(name);
      ASSERT_NE(result.kind, LookupKind::kFailed);
      if (result.kind == LookupKind::kFill) {
        Fill fill;
        fill.body = name;
        ASSERT_EQ(result.ticket.Store(std::move(fill)).entry->body, name);
      } else {
        ASSERT_EQ(result.entry->body, name);
      }
    }
  });
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(milliseconds(150));
    redis.Kill();
    std::this_thread::sleep_for(milliseconds(150));
    redis.Start();
  }
  done = true;
  caller.join();
  EXPECT_LT(one.longest(), ToNanos(milliseconds(100)));
  EXPECT_TRUE(one.WaitFor(CacheState::kRedis));
}

TEST(RedisCore, NothingThatWasPurgedComesBack) {
  RedisProcess redis;
  RedisProxy proxy(redis.socket_path());
  Instance one(proxy.url());
  Instance peer(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(peer.WaitFor(CacheState::kRedis));
  std::minstd_rand random(4);
  const auto chance = [&](unsigned of) { return random() % of == 0; };
  int pending = 0;
  for (int round = 0; round < 1000; ++round) {
    const std::string name = "k" + std::to_string(round);
    const std::string tag = "t" + std::to_string(round);
    (chance(2) ? one : peer).Set(name, "old", tag);
    if (chance(2)) {
      proxy.Set(chance(2) ? ProxyFault::kRefuse : ProxyFault::kReset);
      proxy.ResetAll();
      if (chance(2)) std::this_thread::sleep_for(milliseconds(random() % 5));
    }
    const Event event = chance(2) ? one.core().TagEvent(tag)
                                  : one.core().PatternEvent(name, DoorSet::All()).value();
    pending += one.core().Invalidate(event).pending ? 1 : 0;
    ASSERT_EQ(one.Get(name), std::nullopt) << round;
    proxy.Set(ProxyFault::kNone);
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(one.Get(name), std::nullopt) << round;
      if (chance(3)) std::this_thread::sleep_for(milliseconds(random() % 10));
    }
    if (chance(10)) {
      ASSERT_TRUE(one.WaitFor(CacheState::kRedis)) << round;
    }
    ASSERT_EQ(one.Get(name), std::nullopt) << round;
  }
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(Eventually([&] { return one.core().stats().pending == 0; }));
  for (int round = 0; round < 1000; ++round) {
    const std::string name = "k" + std::to_string(round);
    ASSERT_EQ(one.Get(name), std::nullopt) << round;
    ASSERT_TRUE(Eventually([&] { return !peer.Get(name).has_value(); })) << round;
  }
  EXPECT_GT(pending, 50);
}

}  // namespace
}  // namespace pgsidecar::cache
