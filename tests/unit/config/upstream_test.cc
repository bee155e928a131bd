#include "config/upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::config {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

struct UriCase {
  const char* uri;
  const char* host;
  std::uint16_t port;
};

TEST(Upstream, ReadsUris) {
  constexpr UriCase kCases[] = {
      {"postgresql://", "127.0.0.1", 5432},
      {"postgres://db", "db", 5432},
      {"postgresql://db:6000", "db", 6000},
      {"postgresql://db:6000/", "db", 6000},
      {"postgresql://:6000", "127.0.0.1", 6000},
      {"postgresql://db:/shop", "db", 5432},
      {"postgresql://user@db/shop", "db", 5432},
      {"postgresql://user:secret@db:6000/shop", "db", 6000},
      {"postgresql://user:se@cret@db", "db", 5432},
      {"postgresql://user:se%40c%2Fret@db", "db", 5432},
      {"postgresql://[::1]:6000/shop", "::1", 6000},
      {"postgresql://[2001:db8::1]", "2001:db8::1", 5432},
      {"postgresql://%2Frun%2Fpostgresql", "/run/postgresql", 5432},
      {"postgresql:///shop?host=/run/postgresql&port=6000", "/run/postgresql", 6000},
      {"postgresql://db?hostaddr=10.0.0.1", "10.0.0.1", 5432},
      {"postgresql://db?sslmode=disable", "db", 5432},
      {"postgresql://db?sslmode=prefer&user=a&password=b&dbname=c", "db", 5432},
      {"postgresql://db?", "db", 5432},
  };
  for (const UriCase& c : kCases) {
    const auto parsed = ParseUpstream(c.uri);
    ASSERT_TRUE(parsed.ok()) << c.uri << ": " << parsed.error().message;
    EXPECT_EQ(parsed.value().upstream.hosts[0].host, c.host) << c.uri;
    EXPECT_EQ(parsed.value().upstream.hosts[0].port, c.port) << c.uri;
    EXPECT_EQ(parsed.value().upstream.connect_timeout, seconds(5)) << c.uri;
  }
}

TEST(Upstream, ReadsTheConnectTimeout) {
  const auto timeout = [](const std::string& text) {
    return ParseUpstream("postgresql://db?connect_timeout=" + text)
        .value()
        .upstream.connect_timeout;
  };
  EXPECT_EQ(timeout("3"), seconds(3));
  EXPECT_EQ(timeout("0"), seconds(5)) << "0 is the default, never infinite";
}

TEST(Upstream, RefusesWithTheReason) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "'' is not a PostgreSQL URI; allowed: postgresql://HOST:PORT with"},
      {"localhost:5432", "'localhost:5432' is not a PostgreSQL URI"},
      {"mysql://db", "is not a PostgreSQL URI"},
      {"host=db password=x", "'***' is not a PostgreSQL URI"},
      {"postgresql://a,b", "names more than one host"},
      {"postgresql://a:1,b:2", "names more than one host"},
      {"postgresql://db?host=a,b", "names more than one host"},
      {"postgresql://db:0", "has a port that is not a number from 1 to 65535"},
      {"postgresql://db:65536", "has a port that is not a number from 1 to 65535"},
      {"postgresql://db?port=x", "has a port that is not a number from 1 to 65535"},
      {"postgresql://d b", "has a malformed host"},
      {"postgresql://[::1", "has a malformed host"},
      {"postgresql://db%zz", "has a malformed percent escape"},
      {"postgresql://db%00", "has a malformed percent escape"},
      {"postgresql://db?port=%4", "has a malformed percent escape"},
      {"postgresql://db?connect_timeout=-1",
       "has a connect_timeout that is not a number of seconds"},
      {"postgresql://db?sslmode=require", "asks for an sslmode other than disable or prefer"},
      {"postgresql://db?sslmode=allow", "asks for an sslmode other than disable or prefer"},
      {"postgresql://db?application_name=x", "has the unsupported parameter 'application_name'"},
      {"postgresql://u:pa/ss@db", "has '@' behind '/' or '?'"},
  };
  for (const auto& [uri, problem] : cases) {
    const auto parsed = ParseUpstream(uri);
    ASSERT_FALSE(parsed.ok()) << uri;
    EXPECT_THAT(parsed.error().message, HasSubstr(problem)) << uri;
    EXPECT_THAT(parsed.error().message, HasSubstr("; allowed: ")) << uri;
  }
}

TEST(Upstream, NeverShowsAPassword) {
  const char* uris[] = {
      "postgresql://user:S3CRET@db/shop",  "postgresql://user:S3CRET@db:99999/shop",
      "postgresql://user:S3@CRET@db",      "postgresql://user:x/S3CRET@db",
      "postgresql://user:x?S3CRET@db",     "postgresql://user:x?S3CRET=1@db",
      "postgresql://user:S3CRET",          "postgresql://user:S3CRET/shop",
      "postgresql://db?password=S3CRET",   "postgresql://db?user=a&password=S3CRET&sslmode=require",
      "postgresql://db?pass%77ord=S3CRET", "postgresql://db?sslpassword=S3CRET",
      "host=db password=S3CRET",           "user:S3CRET@db",
  };
  for (const char* uri : uris) {
    const auto parsed = ParseUpstream(uri);
    const std::string said = parsed.ok() ? parsed.value().shown : parsed.error().message;
    EXPECT_THAT(said, Not(HasSubstr("S3"))) << uri;
    EXPECT_THAT(said, Not(HasSubstr("CRET"))) << uri;
  }
}

TEST(Upstream, ShowsAllButThePassword) {
  const std::pair<const char*, const char*> cases[] = {
      {"postgresql://db:5432/shop?connect_timeout=3",
       "postgresql://db:5432/shop?connect_timeout=3"},
      {"postgresql://user@db", "postgresql://user@db"},
      {"postgresql://[::1]", "postgresql://[::1]"},
      {"postgresql://user:x@db:1/shop", "postgresql://user:***@db:1/shop"},
      {"postgresql://db?user=a&password=b&port=1", "postgresql://db?user=a&password=***&port=1"},
  };
  for (const auto& [uri, shown] : cases) EXPECT_EQ(MaskSecrets(uri), shown);
}

}  // namespace
}  // namespace pgsidecar::config
