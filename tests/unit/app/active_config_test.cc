#include "app/active_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/print.h"
#include "metrics/exposition.h"

namespace pgsidecar::app {
namespace {

using testing::HasSubstr;
using testing::Not;

class StillClock final : public Clock {
 public:
  Nanos Now() const override { return 0; }
  Nanos UnixNow() const override { return unix_s * kNanosPerSecond; }
  Nanos unix_s = 100;
};

class ActiveConfigTest : public testing::Test {
 protected:
  std::string Page() { return metrics::Expose(registry_, "", "").body; }

  StillClock clock_;
  metrics::Registry registry_{1.0};
  ActiveConfig active_{config::Config(), registry_, clock_};
};

std::string InfoOf(const config::Config& config) {
  return "pgsidecar_config_info{hash=\"" + config::HashConfig(config) + "\"} 1\n";
}

TEST_F(ActiveConfigTest, TellsTheHashAndTheTimeOfTheConfigurationInUse) {
  EXPECT_THAT(Page(), HasSubstr(InfoOf(config::Config())));
  EXPECT_THAT(Page(), HasSubstr("pgsidecar_config_last_reload_successful 1\n"));
  EXPECT_THAT(Page(), HasSubstr("last_reload_success_timestamp_seconds 100\n"));
  EXPECT_EQ(active_.upstream(), "127.0.0.1:5432");
}

TEST_F(ActiveConfigTest, AReplacementLeavesNothingOfTheFormer) {
  config::Config next;
  next.wire.max_clients = 7;
  next.wire.upstream.hosts[0].host = "db";
  clock_.unix_s = 200;
  active_.Replace(next);
  EXPECT_THAT(Page(), HasSubstr(InfoOf(next)));
  EXPECT_THAT(Page(), Not(HasSubstr(InfoOf(config::Config()))));
  EXPECT_THAT(Page(), HasSubstr("last_reload_success_timestamp_seconds 200\n"));
  EXPECT_EQ(active_.get().wire.max_clients, 7U);
  EXPECT_EQ(active_.upstream(), "db:5432");
}

TEST_F(ActiveConfigTest, AFailureIsTakenBackByASuccess) {
  active_.Keep();
  EXPECT_THAT(Page(), HasSubstr("pgsidecar_config_last_reload_successful 0\n"));
  EXPECT_THAT(Page(), HasSubstr(InfoOf(config::Config())));
  active_.Replace(config::Config());
  EXPECT_THAT(Page(), HasSubstr("pgsidecar_config_last_reload_successful 1\n"));
  EXPECT_THAT(Page(), HasSubstr(InfoOf(config::Config())));
}

}  // namespace
}  // namespace pgsidecar::app
