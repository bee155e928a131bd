#include "admin/host_rule.h"

#include <gtest/gtest.h>

namespace pgsidecar::admin {
namespace {

TEST(HostRule, LetsAddressesAndLocalhostIn) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:9432", "10.1.2.3:1", "localhost", "LocalHost:80",
                           "[::1]", "[::1]:9432", "[fe80::1]:9432"}) {
    EXPECT_TRUE(IsLocalHost(host)) << host;
  }
}

TEST(HostRule, KeepsNamesOut) {
  for (const char* host : {"",
                           "evil",
                           "evil.example:9432",
                           "localhost.evil.example",
                           "127.0.0.1.evil.example",
                           "127.0.0.1:",
                           "127.0.0.1:x",
                           "127.0.0.1:99999",
                           "127.0.0.1:-1",
                           "::1",
                           "[::1",
                           "[]",
                           "[127.0.0.1]",
                           "[::1]x",
                           "[::1]evil.example",
                           "user@127.0.0.1",
                           "127.0.0.1, evil",
                           "127.1",
                           "2130706433",
                           "0x7f.0.0.1"}) {
    EXPECT_FALSE(IsLocalHost(host)) << host;
  }
}

TEST(HostRule, IsNotEndedByAZeroByte) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(IsLocalHost("localhost\0.evil.example"sv));
  EXPECT_FALSE(IsLocalHost("127.0.0.1\0.evil.example"sv));
  EXPECT_FALSE(IsLocalHost("[::1\0x]"sv));
  EXPECT_FALSE(IsSameOrigin("http://a\0b"sv, "a\0c"sv));
  EXPECT_FALSE(ParseListenAddress("127.0.0.1\0x:9432"sv));
}

TEST(HostRule, CutsThePortOffAName) {
  EXPECT_EQ(HostName("pod-7:9432"), "pod-7");
  EXPECT_EQ(HostName("pod-7"), "pod-7");
  EXPECT_EQ(HostName("Evil.example."), "Evil.example.");
  for (const char* host : {"", ":80", "pod-7:", "pod-7:x", "[::1]", "[pod-7]:80"}) {
    EXPECT_FALSE(HostName(host)) << host;
  }
}

TEST(HostRule, ComparesOriginWithHost) {
  EXPECT_TRUE(IsSameOrigin("http://localhost:9432", "localhost:9432"));
  EXPECT_TRUE(IsSameOrigin("http://LOCALHOST:9432", "localhost:9432"));
  for (const char* origin : {"", "null", "https://localhost:9432", "http://localhost",
                             "http://localhost:9433", "http://localhost:9432.evil.example"}) {
    EXPECT_FALSE(IsSameOrigin(origin, "localhost:9432")) << origin;
  }
}

TEST(ListenAddress, ReadsAddressesWithPort) {
  const auto v4 = ParseListenAddress("0.0.0.0:9432");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host, "0.0.0.0");
  EXPECT_EQ(v4->port, 9432);
  EXPECT_FALSE(v4->loopback);
  const auto local = ParseListenAddress("localhost:0");
  ASSERT_TRUE(local);
  EXPECT_EQ(local->host, "127.0.0.1");
  EXPECT_TRUE(local->loopback);
  const auto v6 = ParseListenAddress("[::1]:9432");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_TRUE(v6->ipv6);
  EXPECT_TRUE(v6->loopback);
  EXPECT_EQ(v6->ToString(), "[::1]:9432");
  const auto mapped = ParseListenAddress("[::ffff:127.0.0.1]:9432");
  ASSERT_TRUE(mapped);
  EXPECT_TRUE(mapped->loopback);
  EXPECT_EQ(local->ToString(), "127.0.0.1:0");
}

TEST(ListenAddress, RefusesEverythingElse) {
  for (const char* text :
       {"", "9432", ":9432", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "db:9432", "::1:9432",
        "[::1]", "127.0.0.1:9432s", "*:9432", "127.0.0.1:9432,0.0.0.0:80", "/tmp/x:1"}) {
    EXPECT_FALSE(ParseListenAddress(text)) << text;
  }
}

}  // namespace
}  // namespace pgsidecar::admin
