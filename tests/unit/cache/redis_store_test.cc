#include "cache/redis_store.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <set>

#include "unit/cache/redis_process.h"
#include "unit/cache/redis_sidecar.h"

namespace pgsidecar::cache {
namespace {

using std::chrono::milliseconds;
using ::testing::MatchesRegex;
using ::testing::Optional;

/// Keys of entries, without the log and the generation.
std::vector<std::string> EntryKeys(const RedisProcess& redis) {
  std::vector<std::string> keys = redis.Keys();
  std::erase_if(keys, [](const std::string& key) { return key.starts_with("{"); });
  return keys;
}

TEST(RedisStore, EntriesAreSharedAndNamedByServerAndGeneration) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  RedisSidecar two(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(two.WaitFor(CacheState::kRedis));
  EXPECT_EQ(one.Lookup("user:42"), std::nullopt);
  EXPECT_EQ(one.last_get(), GetOutcome::kAbsent);
  ASSERT_TRUE(one.Fill("user:42", "Ada"));
  EXPECT_THAT(two.Lookup("user:42"), Optional(std::string("Ada")));
  const auto keys = EntryKeys(redis);
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_THAT(keys[0], MatchesRegex("pgsc\\.default\\.[0-9a-f]{8}\\.[0-9]{16}\\.[0-9a-f]{32}"));
  const std::string ttl = redis.Do({"PTTL", keys[0]});
  EXPECT_GT(std::stoi(ttl), 290'000);
  EXPECT_LE(std::stoi(ttl), 300'000);
  EXPECT_THAT(redis.Keys(), ::testing::IsSupersetOf({"{pgsc.default}.log", "{pgsc.default}.gen"}));
}

TEST(RedisStore, ValuesOfAnyBytesAndNames) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  for (const std::string& name :
       {std::string("*"), std::string("?[a]{b}"), std::string("a\r\nFLUSHALL\r\n"),
        std::string("nul\0nul", 7), std::string("'\"\\")}) {
    ASSERT_TRUE(one.Fill(name, name + "\r\n$5\r\n"));
    EXPECT_TRUE(one.Lookup(name) == name + "\r\n$5\r\n");
  }
  const std::string big(std::size_t{1} << 20U, '\xff');
  ASSERT_TRUE(one.Fill("big", big));
  EXPECT_TRUE(one.Lookup("big") == big);
}

TEST(RedisStore, AnEventOnOneIsAMissOnTheOtherAtOnce) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  RedisSidecar two(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(two.WaitFor(CacheState::kRedis));
  for (int i = 0; i < 20; ++i) {
    const std::string name = "user:" + std::to_string(i);
    ASSERT_TRUE(one.Fill(name, "old"));
    ASSERT_TRUE(Eventually([&] { return two.Lookup(name).has_value(); }));
    one.Invalidate(name);
    EXPECT_EQ(one.Lookup(name), std::nullopt) << "the local effect is immediate";
    EXPECT_TRUE(Eventually([&] { return !two.Lookup(name).has_value(); }, milliseconds(100)));
    ASSERT_TRUE(Eventually([&] { return two.Fill(name, "new"); }));
    EXPECT_THAT(two.Lookup(name), Optional(std::string("new")));
  }
  EXPECT_TRUE(Eventually([&] { return one.unconfirmed() == 0; }));
}

TEST(RedisStore, AClearBeginsAGenerationThatPeersFollow) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  RedisSidecar two(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(two.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k", "old"));
  const std::string before = redis.Do({"GET", "{pgsc.default}.gen"});
  one.Clear();
  EXPECT_EQ(one.Lookup("k"), std::nullopt);
  EXPECT_TRUE(Eventually([&] { return !two.Lookup("k").has_value(); }, milliseconds(100)));
  EXPECT_EQ(std::stoll(redis.Do({"GET", "{pgsc.default}.gen"})), std::stoll(before) + 1);
  ASSERT_TRUE(Eventually([&] { return one.Fill("k", "new"); }));
  EXPECT_TRUE(Eventually([&] { return two.Lookup("k") == "new"; }));
}

TEST(RedisStore, DamagedAndForeignValuesAreMissesAndUnlinked) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k", "value"));
  ASSERT_TRUE(one.Fill("other", "value of other"));
  const std::vector<std::string> keys = EntryKeys(redis);
  ASSERT_EQ(keys.size(), 2U);
  const std::string hex = Hex(one.Key("k"));
  const bool first = keys[0].ends_with(hex);
  const std::string& key = first ? keys[0] : keys[1];
  const std::string good = redis.Do({"GET", key});
  const std::string foreign = redis.Do({"GET", first ? keys[1] : keys[0]});
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 1);
  std::string version = good;
  version[1] = static_cast<char>(version[1] + 1);
  double corrupt = 0;
  for (const std::string& value : {std::string(), std::string("garbage"), flipped, version, foreign,
                                   good.substr(0, good.size() - 1), good + "x"}) {
    redis.Do({"SET", key, value});
    EXPECT_EQ(one.Lookup("k"), std::nullopt);
    EXPECT_EQ(one.last_get(), GetOutcome::kAbsent);
    EXPECT_EQ(one.errors(StoreError::kCorrupt), ++corrupt);
    EXPECT_TRUE(Eventually([&] { return redis.Do({"EXISTS", key}) == "0"; }));
  }
  redis.Do({"SET", key, good});
  EXPECT_THAT(one.Lookup("k"), Optional(std::string("value")));
  EXPECT_EQ(one.state(), CacheState::kRedis);
}

TEST(RedisStore, ASecretKeepsForgersOut) {
  RedisProcess redis;
  Options options = RedisSidecar::OptionsFor(redis.url());
  options.secret = std::string(32, 's');
  RedisSidecar one(options);
  RedisSidecar stranger(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(stranger.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k", "value"));
  const std::string key = EntryKeys(redis).at(0);
  // The bytes that somebody without the secret makes for this very key.
  auto forged = std::make_shared<Entry>(*one.MakeEntry("k", "forged"));
  forged->position = stranger.Begin().position;
  std::promise<bool> written;
  stranger.store().Put(forged, stranger.Begin().epoch, [&](bool done) { written.set_value(done); });
  ASSERT_TRUE(written.get_future().get());
  EXPECT_EQ(one.Lookup("k"), std::nullopt);
  EXPECT_EQ(one.errors(StoreError::kCorrupt), 1);
}

TEST(RedisStore, DownAtStartIsMemoryAndComesBack) {
  RedisProcess redis;
  redis.Kill();
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kMemory));
  EXPECT_TRUE(one.Fill("k", "value"));
  EXPECT_THAT(one.Lookup("k"), Optional(std::string("value")));
  redis.Start();
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  EXPECT_EQ(one.Lookup("k"), std::nullopt) << "memory is emptied, never copied to Redis";
}

TEST(RedisStore, AStoppedServerCostsTheSoftDeadlineOnly) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k", "value"));
  redis.Pause();
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(one.Lookup("k"), Optional(std::string("value"))) << "from the copy in memory";
    EXPECT_LT(one.last_get_took(), ToNanos(milliseconds(100)));
  }
  EXPECT_TRUE(one.WaitFor(CacheState::kMemory));
  EXPECT_GT(one.errors(StoreError::kTimeout), 0);
  redis.Resume();
  EXPECT_TRUE(one.WaitFor(CacheState::kRedis));
}

TEST(RedisStore, ARestartedServerIsAColdCache) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k", "value"));
  redis.Kill();
  redis.Start();
  ASSERT_TRUE(Eventually([&] { return one.recoveries() == 2; }, std::chrono::seconds(15)));
  EXPECT_EQ(one.Lookup("k"), std::nullopt);
  EXPECT_TRUE(one.Fill("k", "again"));
  EXPECT_THAT(one.Lookup("k"), Optional(std::string("again")));
}

TEST(RedisStore, AnOldDumpIsAColdCache) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k", "old"));
  ASSERT_EQ(redis.Do({"SAVE"}), "OK");
  one.Invalidate("k");
  ASSERT_TRUE(Eventually([&] { return one.unconfirmed() == 0; }));
  redis.Kill();
  redis.Start();
  ASSERT_EQ(EntryKeys(redis).size(), 1U) << "the old entry is back";
  ASSERT_TRUE(Eventually([&] { return one.recoveries() == 2; }, std::chrono::seconds(15)));
  EXPECT_EQ(one.Lookup("k"), std::nullopt);
  RedisSidecar two(redis.url());
  ASSERT_TRUE(two.WaitFor(CacheState::kRedis));
  EXPECT_EQ(two.Lookup("k"), std::nullopt) << "also for one that starts now";
}

TEST(RedisStore, AWarmStartFindsWhatOthersFilled) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("kept", "value"));
  ASSERT_TRUE(one.Fill("dropped", "value"));
  one.Invalidate("dropped");
  ASSERT_TRUE(Eventually([&] { return one.unconfirmed() == 0; }));
  RedisSidecar two(redis.url());
  ASSERT_TRUE(two.WaitFor(CacheState::kRedis));
  EXPECT_THAT(two.Lookup("kept"), Optional(std::string("value")));
  EXPECT_EQ(two.Lookup("dropped"), std::nullopt) << "the log is read to its end first";
}

TEST(RedisStore, AReplacedLogIsNoticedWhileFollowing) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k", "value"));
  redis.Do({"DEL", "{pgsc.default}.log"});
  ASSERT_TRUE(Eventually([&] { return one.recoveries() == 2; }));
  EXPECT_EQ(one.Lookup("k"), std::nullopt);
  EXPECT_TRUE(one.Fill("k", "again"));
}

TEST(RedisStore, ALogFromTheFutureIsLedOn) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  // As after a clock that went back: what was read last is above what the server gives.
  const std::string future = std::to_string((one.Begin().position >> kSequenceBits) + 3'600'000);
  redis.Do(
      {"XADD", "{pgsc.default}.log", future + "-7", "k", "key", "c", "3", "v", "00000000000000ff"});
  ASSERT_TRUE(Eventually([&] {
    return one.Begin().position >> kSequenceBits > 0 &&
           std::to_string(one.Begin().position >> kSequenceBits) == future;
  }));
  redis.Do({"DEL", "{pgsc.default}.log"});
  ASSERT_TRUE(Eventually([&] { return one.recoveries() == 2; }));
  ASSERT_TRUE(one.Fill("k", "value"));
  one.Invalidate("k");
  ASSERT_TRUE(Eventually([&] { return one.unconfirmed() == 0; }));
  EXPECT_EQ(one.Lookup("k"), std::nullopt);
}

TEST(RedisStore, ALostGenerationBeginsAnew) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  ASSERT_TRUE(one.Fill("k", "value"));
  const std::int64_t before = std::stoll(redis.Do({"GET", "{pgsc.default}.gen"}));
  redis.Do({"DEL", "{pgsc.default}.gen"});
  ASSERT_TRUE(Eventually([&] { return one.recoveries() == 2; }));
  EXPECT_GT(std::stoll(redis.Do({"GET", "{pgsc.default}.gen"})), before);
  EXPECT_EQ(one.Lookup("k"), std::nullopt);
}

TEST(RedisStore, RepeatsOfAnEventAreMerged) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  const std::int64_t before = redis.Calls("xadd");
  for (int i = 0; i < 2000; ++i) one.Invalidate("hot");
  ASSERT_TRUE(Eventually([&] { return one.unconfirmed() == 0; }));
  EXPECT_LT(redis.Calls("xadd") - before, 100);
  EXPECT_GE(redis.Calls("xadd") - before, 2) << "the first at once, the rest as one";
}

TEST(RedisStore, StopAnswersEverybody) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  redis.Pause();
  std::atomic<int> answered = 0;
  for (int i = 0; i < 100; ++i) {
    one.store().Get(one.Key("k"), 0, [&](GetOutcome outcome, const EntryPtr&) {
      EXPECT_EQ(outcome, GetOutcome::kUnavailable);
      ++answered;
    });
    one.store().Put(one.MakeEntry("k", "v"), one.Begin().epoch, [&](bool written) {
      EXPECT_FALSE(written);
      ++answered;
    });
  }
  one.store().Stop();
  EXPECT_EQ(answered, 200);
  one.store().Get(one.Key("k"), 0, [&](GetOutcome, const EntryPtr&) { ++answered; });
  one.store().Put(one.MakeEntry("k", "v"), 1, [&](bool) { ++answered; });
  EXPECT_EQ(answered, 202) << "also after it";
}

TEST(RedisStore, TooManyLookUpsAreBusyNotWaitedFor) {
  RedisProcess redis;
  RedisSidecar one(redis.url());
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  redis.Pause();
  std::atomic<int> answered = 0;
  for (int i = 0; i < 3000; ++i) {
    one.store().Get(one.Key("k"), 0, [&](GetOutcome, const EntryPtr&) { ++answered; });
  }
  EXPECT_TRUE(Eventually([&] { return answered == 3000; }, milliseconds(100)));
  EXPECT_GT(one.errors(StoreError::kBusy), 0);
}

/// What docs/security.md tells people to grant.
const std::vector<std::string> kAcl = {
    "ACL",      "SETUSER", "pgsidecar", "reset",   "on",      ">hunter2",       "~pgsc.*",
    "~{pgsc.*", "+get",    "+set",      "+unlink", "+incr",   "+xadd",          "+xread",
    "+xrange",  "+ping",   "+info",     "+time",   "+select", "+client|setname"};

TEST(RedisStore, NeedsNoMorePermissionsThanDocumented) {
  RedisProcess redis({.tcp = true, .arguments = {}});
  ASSERT_EQ(redis.Do(kAcl), "OK");
  const std::string host = "127.0.0.1:" + std::to_string(redis.port());
  RedisSidecar one("redis://pgsidecar:hunter2@" + host + "/2");
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis)) << "on a server where nothing is yet";
  ASSERT_TRUE(one.Fill("k", "value"));
  EXPECT_THAT(one.Lookup("k"), Optional(std::string("value")));
  one.store().Unlink(one.Key("k"));
  EXPECT_TRUE(Eventually([&] { return !one.Lookup("k").has_value(); }));
  one.Invalidate("k");
  one.Clear();
  EXPECT_TRUE(Eventually([&] { return one.unconfirmed() == 0; }));
  RedisSidecar two("redis://pgsidecar:hunter2@" + host + "/2");
  ASSERT_TRUE(two.WaitFor(CacheState::kRedis)) << "with a log that is there";
  EXPECT_EQ(one.errors(StoreError::kAuth), 0);
  EXPECT_EQ(two.errors(StoreError::kAuth), 0);
  EXPECT_EQ(redis.Do({"ACL", "LOG"}), "");
}

TEST(RedisStore, MonitorSeesNothingElse) {
  RedisProcess redis;
  RedisMonitor monitor(redis);
  {
    RedisSidecar one(redis.url() + "?db=1");
    ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
    ASSERT_TRUE(one.Fill("secret name", "secret value"));
    one.Lookup("secret name");
    one.Invalidate("secret name");
    one.Clear();
    one.store().Unlink(one.Key("secret name"));
    EXPECT_TRUE(Eventually([&] { return one.unconfirmed() == 0; }));
  }
  const std::set<std::string> commands = monitor.Commands();
  EXPECT_THAT(commands,
              ::testing::IsSubsetOf({"get", "set", "unlink", "incr", "xadd", "xread", "xrange",
                                     "ping", "info", "time", "select", "client"}));
  EXPECT_THAT(commands, ::testing::IsSupersetOf({"get", "set", "xadd", "xread", "incr"}));
}

}  // namespace
}  // namespace pgsidecar::cache
