#include "config/address.h"

#include <gtest/gtest.h>

#include <string>

namespace pgsidecar::config {
namespace {

TEST(ListenAddress, AcceptsAddressesAndDirectories) {
  for (const char* text : {"127.0.0.1:6432", "0.0.0.0:0", "[::1]:6432", "[::]:65535",
                           "/run/pgsidecar:6432", "/tmp/with:colon:6432"}) {
    EXPECT_TRUE(CheckListenAddress(text).ok()) << text;
  }
}

TEST(ListenAddress, RefusesEverythingElse) {
  const std::string long_directory = "/" + std::string(100, 'x') + ":6432";
  for (const char* text : {"",
                           ":",
                           "6432",
                           ":6432",
                           "127.0.0.1",
                           "127.0.0.1:",
                           "127.0.0.1:65536",
                           "127.0.0.1:-1",
                           "127.0.0.1:x",
                           "127.0.0.1:64 32",
                           "localhost:6432",
                           "*:6432",
                           "::1:6432",
                           "[::1]",
                           "[]:1",
                           "[127.0.0.1]:6432",
                           "1.2.3:6432",
                           "run/pgsidecar:6432",
                           "/run/pgsidecar:0",
                           "/run/pgsidecar",
                           long_directory.c_str()}) {
    EXPECT_FALSE(CheckListenAddress(text).ok()) << text;
  }
  EXPECT_EQ(CheckListenAddress("localhost:6432").error().message,
            "'localhost:6432' is not a listen address; allowed: IPv4:port, [IPv6]:port or "
            "/directory:port, as in 127.0.0.1:6432, [::1]:6432, /run/pgsidecar:6432");
}

TEST(ListenAddress, IsNotEndedByAZeroByte) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(CheckListenAddress("127.0.0.1\0x:6432"sv).ok());
  EXPECT_FALSE(CheckListenAddress("[::1\0x]:6432"sv).ok());
  EXPECT_FALSE(CheckListenAddress("/run/a\0b:6432"sv).ok());
  EXPECT_FALSE(CheckAdminAddress("127.0.0.1\0x:9432"sv).ok());
}

TEST(AdminAddress, IsNeverAUnixSocket) {
  EXPECT_TRUE(CheckAdminAddress("127.0.0.1:9432").ok());
  EXPECT_TRUE(CheckAdminAddress("[::]:9432").ok());
  EXPECT_FALSE(CheckAdminAddress("/run/pgsidecar:9432").ok());
}

TEST(AdminAddress, HasNoTlsAndSaysWhy) {
  for (const char* text : {"9432s", "127.0.0.1:9432s", "[::1]:9432s"}) {
    EXPECT_EQ(CheckAdminAddress(text).error().message,
              "'" + std::string(text) +
                  "' ends in s, for TLS, which this listener does not have, as the library it uses "
                  "crashes with OpenSSL 3; allowed: IPv4:port or [IPv6]:port, as in "
                  "127.0.0.1:9432, [::1]:9432");
  }
  for (const char* text : {"9432r", "127.0.0.1:9432o", "+9432", "x127.0.0.1:9432"}) {
    EXPECT_FALSE(CheckAdminAddress(text).ok()) << text;
  }
}

TEST(Loopback, IsWhatOnlyThisMachineReaches) {
  for (const char* text : {"127.0.0.1:1", "127.8.9.10:1", "[::1]:1", "[::ffff:127.0.0.1]:1"}) {
    EXPECT_TRUE(IsLoopback(text)) << text;
  }
  for (const char* text :
       {"0.0.0.0:1", "10.0.0.1:1", "[::]:1", "[2001:db8::1]:1", "[::ffff:10.0.0.1]:1"}) {
    EXPECT_FALSE(IsLoopback(text)) << text;
  }
}

}  // namespace
}  // namespace pgsidecar::config
