#include "cache/redis_settings.h"

#include <gmock/gmock.h>

#include "cache/store_factory.h"
#include "unit/cache/redis_process.h"
#include "unit/cache/redis_sidecar.h"
#include "unit/net/test_certificates.h"

namespace pgsidecar::cache {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Options With(const std::function<void(RedisOptions&)>& change) {
  Options options = RedisSidecar::OptionsFor("redis://cache/3");
  change(options.redis);
  return options;
}

std::string Problem(const std::function<void(RedisOptions&)>& change) {
  const auto settings = MakeRedisSettings(With(change));
  return settings.ok() ? "" : settings.error().message;
}

TEST(RedisSettings, KeysWinOverTheUrl) {
  const auto settings = MakeRedisSettings(With([](RedisOptions& redis) {
    redis.url = "redis://u:p@cache/3";
    redis.database = 4;
    redis.user = "app";
    redis.password = "secret";
  }));
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings.value().target.url.database, 4);
  EXPECT_EQ(settings.value().target.url.user, "app");
  EXPECT_EQ(settings.value().target.url.password, "secret");
  EXPECT_EQ(settings.value().target.tls, nullptr);
  EXPECT_GT(settings.value().target.limits.bulk_bytes, Options().max_entry_bytes);
}

TEST(RedisSettings, ErrorsNameTheKey) {
  EXPECT_THAT(Problem([](RedisOptions& redis) { redis.url = "redis://:pw@:0"; }),
              ::testing::AllOf(HasSubstr("has no host"), Not(HasSubstr("pw"))));
  EXPECT_THAT(Problem([](RedisOptions& redis) { redis.user = "app"; }),
              HasSubstr("user 'app' has no password"));
  EXPECT_THAT(Problem([](RedisOptions& redis) { redis.ca_file = "/ca"; }),
              HasSubstr("is without TLS, but certificates are set"));
  EXPECT_THAT(Problem([](RedisOptions& redis) {
                redis.url = "rediss://cache";
                redis.ca_file = "/no/such/file";
              }),
              HasSubstr("'/no/such/file'"));
}

TEST(RedisSettings, FactoryKnowsTheSchemes) {
  const KeySpace keys("", "default");
  const SystemClock clock;
  metrics::Registry registry(1);
  const auto make = [&](const std::string& url) {
    const Options options = RedisSidecar::OptionsFor(url);
    return MakeRemoteStore(
        {.options = options, .keys = keys, .clock = clock, .registry = registry});
  };
  for (const char* url : {"redis://cache", "rediss://cache", "unix:///run/redis.sock"}) {
    const auto store = make(url);
    ASSERT_TRUE(store.ok()) << store.error().message;
    EXPECT_EQ(store.value()->kind(), StoreKind::kRedis);
  }
  EXPECT_EQ(make("").value(), nullptr);
  for (const char* url : {"memcached://u:hunter2@cache", "hunter2", "redis://u:hunter2@cache:x"}) {
    const auto store = make(url);
    ASSERT_FALSE(store.ok());
    EXPECT_THAT(store.error().message, HasSubstr("allowed: redis://"));
    if (std::string_view(url).find('@') != std::string_view::npos) {
      EXPECT_THAT(store.error().message, Not(HasSubstr("hunter2")));
    }
  }
}

TEST(RedisSettings, AStoreOverVerifiedTls) {
  net::TestDirectory directory;
  net::TestAuthority authority(directory, "authority");
  const net::Identity server =
      authority.Issue({.name = "server", .alternative_names = "IP:127.0.0.1"});
  const net::Identity client =
      authority.Issue({.name = "client", .alternative_names = "DNS:client"});
  const std::string port = std::to_string(FreePort());
  const RedisProcess redis(
      {.arguments = {"--tls-port", port, "--tls-cert-file", server.cert_file, "--tls-key-file",
                     server.key_file, "--tls-ca-cert-file", authority.cert_file()}});
  RedisSidecar one(With([&](RedisOptions& options) {
    options.url = "rediss://127.0.0.1:" + port;
    options.ca_file = authority.cert_file();
    options.cert_file = client.cert_file;
    options.key_file = client.key_file;
  }));
  ASSERT_TRUE(one.WaitFor(CacheState::kRedis));
  const std::string value(300'000, 'x');
  ASSERT_TRUE(one.Fill("k", value));
  EXPECT_TRUE(one.Lookup("k") == value);
  RedisSidecar distrustful(With([&](RedisOptions& options) {
    options.url = "rediss://127.0.0.1:" + port;
    options.ca_file =
        net::MakeSelfSigned(directory, {.name = "other", .alternative_names = "DNS:x"}).cert_file;
  }));
  ASSERT_TRUE(distrustful.WaitFor(CacheState::kMemory));
  EXPECT_EQ(distrustful.errors(StoreError::kConnect), 1);
}

}  // namespace
}  // namespace pgsidecar::cache
