// What Redis can do to a sidecar that uses it: each case costs at most 100 ms, is never an error,
// and nothing that was invalidated comes back.
#include <gmock/gmock.h>

#include <filesystem>
#include <random>
#include <thread>

#include "cache/redis_store.h"
#include "unit/cache/redis_process.h"
#include "unit/cache/redis_proxy.h"
#include "unit/cache/redis_sidecar.h"

namespace pgsidecar::cache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Optional;

/// Looks up until `until` comes true; no look-up may take longer than 100 ms.
void LookUpUntil(RedisSidecar& sidecar, const std::function<bool()>& until) {
  Nanos longest = 0;
  EXPECT_TRUE(Eventually(
      [&] {
        sidecar.Lookup("k");
        longest = std::max(longest, sidecar.last_get_took());
        return until();
      },
      seconds(20)));
  EXPECT_LT(longest, ToNanos(milliseconds(100)));
}

struct FaultCase {
  const char* name;
  ProxyFault fault;
};

class RedisFault : public ::testing::TestWithParam<FaultCase> {};

TEST_P(RedisFault, CostsLittleAndPasses) {
  RedisProcess redis;
  RedisProxy proxy(redis.socket_path());
  RedisSidecar one(proxy.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k", "value"));
  if (GetParam().fault == ProxyFault::kDelay) {
    proxy.Delay(seconds(5));
  } else {
    proxy.Set(GetParam().fault);
  }
  if (GetParam().fault == ProxyFault::kRefuse) proxy.ResetAll();
  LookUpUntil(one, [&] { return one.state() == CacheState::kMemory; });
  EXPECT_TRUE(one.Fill("k", "in memory"));
  one.Invalidate("k");
  EXPECT_EQ(one.Lookup("k"), std::nullopt);
  proxy.Set(ProxyFault::kNone);
  LookUpUntil(one, [&] { return one.state() == CacheState::kRedis; });
  EXPECT_EQ(one.Lookup("k"), std::nullopt) << "Redis still has the old entry";
  EXPECT_TRUE(Eventually([&] { return one.unconfirmed() == 0; }));
}

INSTANTIATE_TEST_SUITE_P(Faults, RedisFault,
                         ::testing::Values(FaultCase{"Hold", ProxyFault::kHold},
                                           FaultCase{"Half", ProxyFault::kHalf},
                                           FaultCase{"Reset", ProxyFault::kReset},
                                           FaultCase{"SlowByFiveSeconds", ProxyFault::kDelay},
                                           FaultCase{"Garbage", ProxyFault::kGarbage},
                                           FaultCase{"Huge", ProxyFault::kHuge},
                                           FaultCase{"Refuse", ProxyFault::kRefuse}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(RedisOutage, OneResetIsNoOutage) {
  RedisProcess redis;
  RedisProxy proxy(redis.socket_path());
  RedisSidecar one(proxy.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k", "value"));
  proxy.ResetAll();
  LookUpUntil(one, [&] { return one.errors(StoreError::kReset) >= 3; });
  LookUpUntil(one, [&] { return one.last_get() == GetOutcome::kFound; });
  EXPECT_EQ(one.state(), CacheState::kRedis);
  EXPECT_EQ(one.recoveries(), 1) << "the log goes on where it was";
}

TEST(RedisOutage, SlowWithinTheHardDeadlineIsSkippedNotClosed) {
  RedisProcess redis;
  RedisProxy proxy(redis.socket_path());
  RedisSidecar one(proxy.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k", "value"));
  const int before = proxy.accepted();
  proxy.Delay(milliseconds(50));
  EXPECT_THAT(one.Lookup("k"), Optional(std::string("value"))) << "from memory";
  EXPECT_EQ(one.last_get(), GetOutcome::kUnavailable);
  EXPECT_GE(one.last_get_took(), ToNanos(milliseconds(19)));
  EXPECT_LT(one.last_get_took(), ToNanos(milliseconds(50)));
  proxy.Set(ProxyFault::kNone);
  EXPECT_TRUE(Eventually([&] {
    one.Lookup("k");
    return one.last_get() == GetOutcome::kFound;
  }));
  EXPECT_EQ(proxy.accepted(), before);
}

/// Error replies of a server that is there. `spoil` breaks it, `mend` repairs it.
void ErrorsLeadToMemoryAndBack(RedisProcess& redis, const std::function<void()>& spoil,
                               const std::function<void()>& mend) {
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k", "value"));
  spoil();
  LookUpUntil(one, [&] {
    one.Invalidate("other");
    return one.state() == CacheState::kMemory;
  });
  EXPECT_GT(one.errors(StoreError::kRefused), 0);
  one.Invalidate("k");
  mend();
  LookUpUntil(one, [&] { return one.state() == CacheState::kRedis; });
  EXPECT_EQ(one.Lookup("k"), std::nullopt);
  EXPECT_TRUE(Eventually([&] { return one.unconfirmed() == 0; }));
}

TEST(RedisOutage, ReadOnlyReplica) {
  RedisProcess redis;
  ErrorsLeadToMemoryAndBack(
      redis,
      [&] {
        redis.Do({"CONFIG", "SET", "replica-serve-stale-data", "yes"});
        redis.Do({"REPLICAOF", "127.0.0.1", std::to_string(FreePort())});
      },
      [&] {
        redis.Do({"REPLICAOF", "NO", "ONE"});
      });
}

TEST(RedisOutage, MasterDown) {
  RedisProcess redis;
  ErrorsLeadToMemoryAndBack(
      redis,
      [&] {
        redis.Do({"CONFIG", "SET", "replica-serve-stale-data", "no"});
        redis.Do({"REPLICAOF", "127.0.0.1", std::to_string(FreePort())});
      },
      [&] {
        redis.Do({"REPLICAOF", "NO", "ONE"});
      });
}

TEST(RedisOutage, DiskThatCannotBeWritten) {
  RedisProcess redis;
  // A dump that is a directory cannot be replaced by a file.
  std::filesystem::create_directories(redis.directory() + "/dump.rdb/in the way");
  ErrorsLeadToMemoryAndBack(
      redis,
      [&] {
        redis.Do({"CONFIG", "SET", "save", "3600 1"});
        redis.Do({"BGSAVE"});
        EXPECT_TRUE(Eventually([&] {
          return redis.Do({"SET", "x", "y"}).starts_with("-MISCONF");
        }));
      },
      [&] {
        redis.Do({"CONFIG", "SET", "stop-writes-on-bgsave-error", "no"});
      });
}

TEST(RedisOutage, NoMemoryForTheLog) {
  RedisProcess redis;
  ErrorsLeadToMemoryAndBack(
      redis,
      [&] {
        redis.Do({"CONFIG", "SET", "maxmemory", "1"});
      },
      [&] {
        redis.Do({"CONFIG", "SET", "maxmemory", "0"});
      });
}

TEST(RedisOutage, NoMemoryForAnEntryDropsThatWriteOnly) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k", "value"));
  redis.Do({"CONFIG", "SET", "maxmemory", "1"});
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(one.Fill("k" + std::to_string(i), "value"));
  EXPECT_EQ(one.errors(StoreError::kRefused), 50);
  EXPECT_THAT(one.Lookup("k"), Optional(std::string("value")));
  EXPECT_EQ(one.last_get(), GetOutcome::kFound);
  EXPECT_EQ(one.state(), CacheState::kRedis);
}

TEST(RedisOutage, Loading) {
  RedisProcess redis(
      {.arguments = {"--key-load-delay", "2000", "--loading-process-events-interval-bytes", "1024",
                     "--rdbcompression", "no"}});
  for (int i = 0; i < 500; ++i)
    redis.Do({"SET", "filler" + std::to_string(i), std::string(100, 'x')});
  ASSERT_EQ(redis.Do({"SAVE"}), "OK");
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k", "value"));
  redis.Kill();
  redis.Start();
  ASSERT_TRUE(redis.Do({"GET", "k"}).starts_with("-LOADING"));
  LookUpUntil(one, [&] { return one.errors(StoreError::kRefused) > 0; });
  EXPECT_NE(one.state(), CacheState::kRedis);
  LookUpUntil(one, [&] { return one.state() == CacheState::kRedis; });
  EXPECT_EQ(one.Lookup("k"), std::nullopt);
}

TEST(RedisOutage, APasswordThatIsWrong) {
  RedisProcess redis({.tcp = true, .arguments = {"--requirepass", "hunter2"}});
  RedisSidecar one("redis://:wrong@127.0.0.1:" + std::to_string(redis.port()));
  ASSERT_TRUE(one.WaitFor(CacheState::kMemory));
  EXPECT_TRUE(one.Fill("k", "value"));
  EXPECT_THAT(one.Lookup("k"), Optional(std::string("value")));
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_LE(one.errors(StoreError::kAuth), 3) << "tried again only after 30 s";
}

TEST(RedisOutage, ClustersAreNotUsed) {
  RedisProcess redis(
      {.arguments = {"--cluster-enabled", "yes", "--cluster-port", std::to_string(FreePort())}});
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kMemory));
  EXPECT_TRUE(one.Fill("k", "value"));
  EXPECT_EQ(one.errors(StoreError::kCluster), 1);
}

TEST(RedisOutage, PermissionsThatAreMissing) {
  RedisProcess redis;
  redis.Do({"ACL", "SETUSER", "default", "-xread"});
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kMemory));
  EXPECT_EQ(one.errors(StoreError::kAuth), 1);
  EXPECT_TRUE(one.Fill("k", "value"));
}

TEST(RedisOutage, AnEventDuringTheOutageReachesThePeer) {
  RedisProcess redis;
  RedisProxy proxy(redis.socket_path());
  RedisSidecar cut(proxy.url());
  RedisSidecar peer(redis.url());
  ASSERT_TRUE(cut.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(peer.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(peer.Fill("k", "old"));
  proxy.Set(ProxyFault::kRefuse);
  proxy.ResetAll();
  LookUpUntil(cut, [&] { return cut.state() == CacheState::kMemory; });
  cut.Invalidate("k");
  EXPECT_THAT(peer.Lookup("k"), Optional(std::string("old"))) << "nobody could tell it";
  proxy.Set(ProxyFault::kNone);
  ASSERT_TRUE(cut.WaitFor(CacheState::kRedis));
  EXPECT_EQ(cut.Lookup("k"), std::nullopt);
  EXPECT_TRUE(Eventually([&] { return !peer.Lookup("k").has_value(); }, milliseconds(100)));
}

TEST(RedisOutage, ALogThatWasTrimmedMeanwhileRaisesTheFloor) {
  RedisProcess redis;
  RedisProxy proxy(redis.socket_path());
  RedisSidecar cut(proxy.url());
  RedisSidecar peer(redis.url());
  ASSERT_TRUE(cut.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(peer.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(cut.Fill("k", "old"));
  ASSERT_TRUE(cut.Fill("never invalidated", "value"));
  const Position before = cut.floor();
  proxy.Set(ProxyFault::kRefuse);
  proxy.ResetAll();
  ASSERT_TRUE(cut.WaitFor(CacheState::kMemory));
  peer.Invalidate("k");
  ASSERT_TRUE(Eventually([&] { return peer.unconfirmed() == 0; }));
  peer.Invalidate("something else");
  ASSERT_TRUE(Eventually([&] { return peer.unconfirmed() == 0; }));
  redis.Do({"XTRIM", "{pgsc.default}.log", "MAXLEN", "1"});
  proxy.Set(ProxyFault::kNone);
  ASSERT_TRUE(cut.WaitFor(CacheState::kRedis));
  EXPECT_GT(cut.floor(), before);
  EXPECT_EQ(cut.Lookup("k"), std::nullopt);
  EXPECT_EQ(cut.Lookup("never invalidated"), std::nullopt) << "forgetting costs misses";
}

TEST(RedisOutage, MoreEventsThanCanWaitBecomeANewGeneration) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  RedisSidecar peer(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k0", "old"));
  const std::int64_t before = std::stoll(redis.Do({"GET", "{pgsc.default}.gen"}));
  redis.Pause();
  for (int i = 0; i < 25'000; ++i) one.Invalidate("k" + std::to_string(i));
  ASSERT_TRUE(one.WaitFor(CacheState::kMemory));
  redis.Resume();
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(peer.WaitFor(CacheState::kRedis));
  EXPECT_TRUE(Eventually([&] { return one.unconfirmed() == 0; }));
  EXPECT_GT(std::stoll(redis.Do({"GET", "{pgsc.default}.gen"})), before);
  EXPECT_EQ(one.Lookup("k0"), std::nullopt);
  EXPECT_EQ(peer.Lookup("k0"), std::nullopt);
}

TEST(RedisOutage, NothingThatWasInvalidatedComesBack) {
  RedisProcess redis;
  RedisProxy proxy(redis.socket_path());
  std::minstd_rand random(20'261'128);
  const auto chance = [&](unsigned of) { return random() % of == 0; };
  RedisSidecar one(proxy.url());
  RedisSidecar peer(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(peer.WaitFor(CacheState::kRedis));
  int in_outage = 0;
  for (int round = 0; round < 1000; ++round) {
    const std::string name = "k" + std::to_string(round);
    const bool filled = (chance(2) ? one : peer).Fill(name, "old");
    const auto token = one.Begin();  // A fetch that is under way when the event comes.
    if (chance(2)) {
      proxy.Set(chance(2) ? ProxyFault::kRefuse : ProxyFault::kReset);
      proxy.ResetAll();
      if (chance(2)) std::this_thread::sleep_for(milliseconds(random() % 5));
    }
    in_outage += one.state() == CacheState::kRedis ? 0 : 1;
    one.Invalidate(name);
    ASSERT_EQ(one.Lookup(name), std::nullopt) << round << filled;
    ASSERT_FALSE(one.Store(token, name, "old") && one.Lookup(name).has_value()) << round;
    proxy.Set(ProxyFault::kNone);
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(one.Lookup(name), std::nullopt) << round;
      if (chance(3)) std::this_thread::sleep_for(milliseconds(random() % 10));
    }
    if (chance(10)) {
      ASSERT_TRUE(one.WaitFor(CacheState::kRedis)) << round;
      ASSERT_EQ(one.Lookup(name), std::nullopt) << round;
    }
  }
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(Eventually([&] { return one.unconfirmed() == 0; }));
  for (int round = 0; round < 1000; ++round) {
    const std::string name = "k" + std::to_string(round);
    ASSERT_EQ(one.Lookup(name), std::nullopt) << round;
    ASSERT_TRUE(Eventually([&] { return !peer.Lookup(name).has_value(); })) << round;
  }
  EXPECT_GT(in_outage, 50) << "the test met outages";
  EXPECT_GT(one.recoveries(), 5);
}

}  // namespace
}  // namespace pgsidecar::cache
