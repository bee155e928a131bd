#include "config/upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::config {
namespace {

using testing::HasSubstr;

/// Requires: the URI is right.
wire::Upstream Parsed(const std::string& uri) {
  const auto parsed = ParseUpstream(uri);
  EXPECT_TRUE(parsed.ok()) << uri << ": " << parsed.error().message;
  return parsed.ok() ? parsed.value().upstream : wire::Upstream();
}

std::string Problem(const std::string& uri) {
  const auto parsed = ParseUpstream(uri);
  return parsed.ok() ? "accepted" : parsed.error().message;
}

TEST(Upstream, ReadsUris) {
  const std::pair<const char*, const char*> cases[] = {
      {"postgresql://", "127.0.0.1:5432"},
      {"postgres://db", "db:5432"},
      {"postgresql://db:6000", "db:6000"},
      {"postgresql://db:6000/", "db:6000"},
      {"postgresql://:6000", "127.0.0.1:6000"},
      {"postgresql://db:/shop", "db:5432"},
      {"postgresql://user@db/shop", "db:5432"},
      {"postgresql://user:secret@db:6000/shop", "db:6000"},
      {"postgresql://user:se@cret@db", "db:5432"},
      {"postgresql://user:se%40c%2Fret@db", "db:5432"},
      {"postgresql://[::1]:6000/shop", "[::1]:6000"},
      {"postgresql://[2001:db8::1]", "[2001:db8::1]:5432"},
      {"postgresql://%2Frun%2Fpostgresql", "/run/postgresql:5432"},
      {"postgresql:///shop?host=/run/postgresql&port=6000", "/run/postgresql:6000"},
      {"postgresql://db?sslmode=prefer&user=a&password=b&dbname=c", "db:5432"},
      {"postgresql://db?", "db:5432"},
      {"postgresql://a:5432,b:5433,[::1]:5434/db", "a:5432,b:5433,[::1]:5434"},
      {"postgresql://a,b:5433", "a:5432,b:5433"},
      {"postgresql://u:p@a:1,b/db", "a:1,b:5432"},
      {"postgresql://%2Frun%2Fa:1,%2Frun%2Fb:2", "/run/a:1,/run/b:2"},
      {"postgresql:///db?host=a,b,c&port=1,2,3", "a:1,b:2,c:3"},
      {"postgresql:///db?host=a,b,c&port=7", "a:7,b:7,c:7"},
      {"postgresql:///db?host=%2Frun%2Fa%2Cb", "/run/a:5432,b:5432"},
      {"postgresql://x:1,y:2?host=a,b", "a:1,b:2"},
      {"postgresql://a:1?host=b,c", "b:1,c:1"},
  };
  for (const auto& [uri, hosts] : cases) EXPECT_EQ(Parsed(uri).ToString(), hosts) << uri;
}

TEST(Upstream, ReadsWhatOurOwnConnectionsNeed) {
  const wire::Upstream path = Parsed("postgresql://me%40x:p%3Aw:d@db/sh%20op");
  EXPECT_EQ(path.user, "me@x");
  EXPECT_EQ(path.password, "p:w:d");
  EXPECT_EQ(path.dbname, "sh op");
  const wire::Upstream query = Parsed("postgresql://a:b@db/c?user=d&password=e&dbname=f");
  EXPECT_EQ(query.user, "d");
  EXPECT_EQ(query.password, "e");
  EXPECT_EQ(query.dbname, "f");
  EXPECT_EQ(Parsed("postgresql://db/").dbname, "");
}

TEST(Upstream, ReadsEveryParameter) {
  const wire::Upstream all = Parsed(
      "postgresql://db?sslmode=verify-ca&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem"
      "&target_session_attrs=prefer-standby&connect_timeout=3&keepalives=0&keepalives_idle=7"
      "&keepalives_interval=8&keepalives_count=9&tcp_user_timeout=1500");
  EXPECT_EQ(all.sslmode, wire::SslMode::kVerifyCa);
  EXPECT_EQ(all.sslrootcert, "/ca.pem");
  EXPECT_EQ(all.sslcert, "/c.pem");
  EXPECT_EQ(all.sslkey, "/k.pem");
  EXPECT_EQ(all.target_session_attrs, wire::TargetSession::kPreferStandby);
  EXPECT_EQ(all.connect_timeout, std::chrono::seconds(3));
  EXPECT_FALSE(all.keepalive.on);
  EXPECT_EQ(all.keepalive.idle_s, 7);
  EXPECT_EQ(all.keepalive.interval_s, 8);
  EXPECT_EQ(all.keepalive.count, 9);
  EXPECT_EQ(all.tcp_user_timeout, std::chrono::milliseconds(1500));
}

TEST(Upstream, ZeroIsTheDefaultOfATimeAndNeverInfinite) {
  const wire::Upstream zero = Parsed(
      "postgresql://db?connect_timeout=0&keepalives=1&keepalives_idle=0&keepalives_interval=0"
      "&keepalives_count=0&tcp_user_timeout=0");
  const wire::Upstream none;
  EXPECT_EQ(zero.connect_timeout, std::chrono::seconds(5));
  EXPECT_TRUE(zero.keepalive.on);
  EXPECT_EQ(zero.keepalive.idle_s, none.keepalive.idle_s);
  EXPECT_EQ(zero.keepalive.interval_s, none.keepalive.interval_s);
  EXPECT_EQ(zero.keepalive.count, none.keepalive.count);
  EXPECT_EQ(zero.tcp_user_timeout, none.tcp_user_timeout);
}

TEST(Upstream, KnowsTheModesOfTls) {
  EXPECT_EQ(Parsed("postgresql://db").sslmode, wire::SslMode::kPrefer);
  EXPECT_EQ(Parsed("postgresql://db?sslmode=disable").sslmode, wire::SslMode::kDisable);
  EXPECT_EQ(Parsed("postgresql://db?sslmode=prefer").sslmode, wire::SslMode::kPrefer);
  EXPECT_EQ(Parsed("postgresql://db?sslmode=require").sslmode, wire::SslMode::kRequire);
  EXPECT_EQ(Parsed("postgresql://db?sslmode=verify-full&sslrootcert=/ca").sslmode,
            wire::SslMode::kVerifyFull);
  EXPECT_EQ(Parsed("postgresql://db?sslmode=verify-full&sslrootcert=system").sslrootcert, "system");
  EXPECT_EQ(Parsed("postgresql://db?sslrootcert=system").sslmode, wire::SslMode::kVerifyFull);
}

TEST(Upstream, KnowsTheAttributesOfSessions) {
  const char* names[] = {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"};
  int value = 0;
  for (const char* name : names) {
    const auto parsed = Parsed(std::string("postgresql://db?target_session_attrs=") + name);
    EXPECT_EQ(static_cast<int>(parsed.target_session_attrs), value++) << name;
  }
}

TEST(Upstream, RefusesWithTheReason) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "'' is not a PostgreSQL URI; allowed: postgresql://USER:PASSWORD@HOST:PORT"},
      {"localhost:5432", "'localhost:5432' is not a PostgreSQL URI"},
      {"mysql://db", "is not a PostgreSQL URI"},
      {"host=db password=x", "'***' is not a PostgreSQL URI"},
      {"postgresql://db:0", "has a port that is not a number from 1 to 65535"},
      {"postgresql://db:65536", "has a port that is not a number from 1 to 65535"},
      {"postgresql://a:1,b:x", "has a port that is not a number from 1 to 65535"},
      {"postgresql://db?port=x", "has a port that is not a number from 1 to 65535"},
      {"postgresql://d b", "has a malformed host"},
      {"postgresql://a%2Cb", "has a malformed host"},
      {"postgresql://[::1", "has a malformed host"},
      {"postgresql://a,[::1", "has a malformed host"},
      {"postgresql://db%zz", "has a malformed percent escape"},
      {"postgresql://db%00", "has a malformed percent escape"},
      {"postgresql://u%zz@db", "has a malformed percent escape"},
      {"postgresql://u:%@db", "has a malformed percent escape"},
      {"postgresql://db/%4", "has a malformed percent escape"},
      {"postgresql://db?port=%4", "has a malformed percent escape"},
      {"postgresql://u:pa/ss@db", "has '@' behind '/' or '?'"},
      {"postgresql://db?connect_timeout=-1",
       "has a connect_timeout that is not a number of seconds from 0 to 3600"},
      {"postgresql://db?sslmode=allow", "asks for sslmode=allow, which repeats a refused login"},
      {"postgresql://db?sslmode=on", "has an sslmode other than disable, prefer, require,"},
      {"postgresql://db?sslmode=verify-ca", "asks for sslmode=verify-ca without sslrootcert: set"},
      {"postgresql://db?sslmode=verify-full",
       "asks for sslmode=verify-full without sslrootcert: set it to the file of the authority's "
       "certificate, or to system"},
      {"postgresql://db?sslmode=require&sslrootcert=system",
       "has sslrootcert=system with an sslmode other than verify-full"},
      {"postgresql://db?sslrootcert=ca.pem",
       "has an sslrootcert that is not the absolute path of a file"},
      {"postgresql://db?sslcert=c", "has an sslcert that is not the absolute path of a file"},
      {"postgresql://db?sslkey=/", "has an sslkey that is not the absolute path of a file"},
      {"postgresql://db?sslcert=/c", "has sslcert without sslkey"},
      {"postgresql://db?sslkey=/k", "has sslkey without sslcert"},
      {"postgresql://db?target_session_attrs=master",
       "has a target_session_attrs other than any, read-write,"},
      {"postgresql://db?keepalives=2", "has a keepalives other than 0, 1"},
      {"postgresql://db?keepalives_idle=32768",
       "has a keepalives_idle that is not a number from 0 to 32767"},
      {"postgresql://db?keepalives_interval=x",
       "has a keepalives_interval that is not a number from 0 to 32767"},
      {"postgresql://db?keepalives_count=128",
       "has a keepalives_count that is not a number from 0 to 127"},
      {"postgresql://db?tcp_user_timeout=1s",
       "has a tcp_user_timeout that is not a number of milliseconds from 0 to 86400000"},
      {"postgresql://db?application_name=x", "has the unsupported parameter 'application_name'"},
      {"postgresql://db?sslmod=require",
       "has the unsupported parameter 'sslmod' (did you mean sslmode?)"},
      {"postgresql://db?keepalive=1",
       "has the unsupported parameter 'keepalive' (did you mean keepalives?)"},
      {"postgresql://db?P4ss=1", "has the unsupported parameter '***'"},
  };
  for (const auto& [uri, problem] : cases) {
    EXPECT_THAT(Problem(uri), HasSubstr(problem)) << uri;
    EXPECT_THAT(Problem(uri), HasSubstr("; allowed: ")) << uri;
  }
}

}  // namespace
}  // namespace pgsidecar::config
