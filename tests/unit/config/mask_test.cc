#include "config/mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/upstream.h"

namespace pgsidecar::config {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Mask, NoAnswerShowsAPassword) {
  const char* uris[] = {
      "postgresql://user:S3CRET@db/shop",
      "postgresql://user:S3CRET@db:99999/shop",
      "postgresql://user:S3@CRET@db",
      "postgresql://user:x/S3CRET@db",
      "postgresql://user:x?S3CRET@db",
      "postgresql://user:x?S3CRET=1@db",
      "postgresql://user:S3CRET",
      "postgresql://user:S3CRET/shop",
      "postgresql://user:x/S3CRET",
      "postgresql://user:x?S3CRET",
      "postgresql://user:S3CRET:5432",
      "postgresql://user:S3,CRET",
      "postgresql://user:x,S3CRET",
      "postgresql://a:1,user:S3CRET,b:2",
      "postgresql://user:S3CRET@a:1,b:2,[::1]:3/shop",
      "postgresql://user:S3CRET@a:1,a:1",
      "postgresql://[::1]:S3CRET",
      "postgresql://user:12?S3CRET",
      "postgresql://db?sslmode=require?password=S3CRET",
      "postgresql://user:x?y@db&password=S3CRET",
      "postgresql://db?password=S3CRET",
      "postgresql://db?user=a&password=S3CRET&sslmode=require",
      "postgresql://db?user=a&password=S3CRET&sslmode=nonsense",
      "postgresql://db?pass%77ord=S3CRET",
      "postgresql://db?sslpassword=S3CRET",
      "host=db password=S3CRET",
      "user:S3CRET@db",
  };
  for (const char* uri : uris) {
    const auto parsed = ParseUpstream(uri);
    const std::string said = parsed.ok() ? parsed.value().shown : parsed.error().message;
    EXPECT_THAT(said, Not(HasSubstr("S3"))) << uri;
    EXPECT_THAT(said, Not(HasSubstr("CRET"))) << uri;
  }
}

TEST(Mask, ShowsAllButThePassword) {
  const std::pair<const char*, const char*> cases[] = {
      {"postgresql://db:5432/shop?connect_timeout=3",
       "postgresql://db:5432/shop?connect_timeout=3"},
      {"postgresql://user@db", "postgresql://user@db"},
      {"postgresql://[::1]", "postgresql://[::1]"},
      {"postgresql://a:1,[::1]:2,b/shop", "postgresql://a:1,[::1]:2,b/shop"},
      {"postgresql://user:x@db:1/shop", "postgresql://user:***@db:1/shop"},
      {"postgresql://user:x@a:1,b:2/shop", "postgresql://user:***@a:1,b:2/shop"},
      {"postgresql://a:1,b:x,c:2/shop?port=1", "postgresql://a:1,b:***"},
      {"postgresql://db?user=a&password=b&port=1", "postgresql://db?user=a&password=***&port=1"},
      {"postgresql://db?sslmode=verify-full&sslrootcert=/ca&sslcert=/c&sslkey=/k",
       "postgresql://db?sslmode=verify-full&sslrootcert=/ca&sslcert=/c&sslkey=/k"},
      {"postgresql://db?keepalives_idle=1&tcp_user_timeout=2&target_session_attrs=any&other=3",
       "postgresql://db?keepalives_idle=1&tcp_user_timeout=2&target_session_attrs=any&other=***"},
  };
  for (const auto& [uri, shown] : cases) EXPECT_EQ(MaskSecrets(uri), shown);
}

}  // namespace
}  // namespace pgsidecar::config
