#include "cache/redis_url.h"

#include <gmock/gmock.h>

namespace pgsidecar::cache {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RedisUrl Parse(std::string_view text) {
  const auto url = ParseRedisUrl(text);
  EXPECT_TRUE(url.ok()) << url.error().message;
  return url.ok() ? url.value() : RedisUrl();
}

std::string Problem(std::string_view text) {
  const auto url = ParseRedisUrl(text);
  EXPECT_FALSE(url.ok()) << text;
  return url.ok() ? "" : url.error().message;
}

TEST(RedisUrl, HostAloneHasDefaults) {
  const RedisUrl url = Parse("redis://cache");
  EXPECT_EQ(url.host, "cache");
  EXPECT_EQ(url.port, 6379);
  EXPECT_EQ(url.database, 0);
  EXPECT_FALSE(url.tls);
  EXPECT_FALSE(url.is_unix());
  EXPECT_EQ(url.Address(), "cache:6379");
}

TEST(RedisUrl, EveryPart) {
  const RedisUrl url = Parse("rediss://app:s%40%3Acret@10.0.0.7:6380/3");
  EXPECT_TRUE(url.tls);
  EXPECT_EQ(url.user, "app");
  EXPECT_EQ(url.password, "s@:cret");
  EXPECT_EQ(url.host, "10.0.0.7");
  EXPECT_EQ(url.port, 6380);
  EXPECT_EQ(url.database, 3);
}

TEST(RedisUrl, PasswordWithoutUser) {
  const RedisUrl url = Parse("redis://:secret@cache/");
  EXPECT_EQ(url.user, "");
  EXPECT_EQ(url.password, "secret");
}

TEST(RedisUrl, UnescapedMarksInAPassword) {
  EXPECT_EQ(Parse("redis://:a@b/c?d@cache:1/2").password, "a@b/c?d");
}

TEST(RedisUrl, Ipv6) {
  const RedisUrl url = Parse("redis://[::1]:7000");
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.port, 7000);
  EXPECT_EQ(url.Address(), "[::1]:7000");
}

TEST(RedisUrl, UnixSocket) {
  const RedisUrl url = Parse("unix:///run/redis/redis.sock?db=2");
  EXPECT_EQ(url.socket_path, "/run/redis/redis.sock");
  EXPECT_EQ(url.database, 2);
  EXPECT_EQ(url.Address(), "/run/redis/redis.sock");
  EXPECT_EQ(Parse("unix://u:p@/run/r.sock").password, "p");
}

TEST(RedisUrl, ErrorsNameTheValueAndWhatIsAllowed) {
  for (const char* text : {"",
                           "cache",
                           "http://cache",
                           "redis://",
                           "redis://:0",
                           "redis://cache:0",
                           "redis://c:65536",
                           "redis://c:x",
                           "redis://c/x",
                           "redis://c/-1",
                           "redis://c/65536",
                           "redis://c/1/2",
                           "redis://c?db=1",
                           "redis://a b",
                           "redis://c\n",
                           "redis://[::1",
                           "redis://[]",
                           "redis://[x]",
                           "redis://[::1]x",
                           "redis://c,d",
                           "unix://run/redis.sock",
                           "unix:///",
                           "unix:///a/",
                           "unix:///a?x=1",
                           "unix:///a?db=x",
                           "redis://u@c",
                           "redis://u:@c",
                           "redis://:%zz@c",
                           "redis://:%4@c",
                           "redis://:%00@c"}) {
    EXPECT_THAT(Problem(text), HasSubstr("allowed: redis://")) << text;
  }
  EXPECT_THAT(Problem("redis://cache:0"), HasSubstr("'redis://cache:0'"));
  EXPECT_THAT(Problem("unix:///" + std::string(200, 'x')), HasSubstr("107 bytes"));
}

TEST(RedisUrl, ErrorsHideWhatCanBeAPassword) {
  for (const char* text :
       {"redis://u:hunter2@c:0", "redis://:hunter2@", "redis://hunter2@c", "redis://:hunter2@x@c:0",
        "rediss://u:hunter2", "u:hunter2@c", "unix://:hunter2@x", "redis://u:%zzhunter2@c"}) {
    EXPECT_THAT(Problem(text), Not(HasSubstr("hunter2"))) << text;
  }
  EXPECT_EQ(MaskRedisUrl("redis://u:p@c:1/2"), "redis://***@c:1/2");
  EXPECT_EQ(MaskRedisUrl("redis://c:1/2"), "redis://c:1/2");
  EXPECT_EQ(MaskRedisUrl("unix:///run/r.sock"), "unix:///run/r.sock");
}

}  // namespace
}  // namespace pgsidecar::cache
