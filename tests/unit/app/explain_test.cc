#include "app/explain.h"

#include <gtest/gtest.h>

namespace pgsidecar::app {
namespace {

TEST(ConnectionTo, TakesEverythingOver) {
  wire::Upstream upstream;
  upstream.hosts = {{"a", "10.0.0.1", 1}, {"b", "", 2}};
  upstream.sslmode = wire::SslMode::kVerifyFull;
  upstream.sslrootcert = "root";
  upstream.sslcert = "cert";
  upstream.sslkey = "key";
  upstream.target_session_attrs = wire::TargetSession::kPreferStandby;
  upstream.connect_timeout = std::chrono::seconds(7);
  upstream.tcp_user_timeout = std::chrono::milliseconds(9);
  upstream.user = "u";
  upstream.password = "p";
  upstream.dbname = "d";
  EXPECT_EQ(executor::ConnectionString(ConnectionTo(upstream)),
            "host='a,b' hostaddr='10.0.0.1,' port='1,2' sslmode='verify-full' sslrootcert='root' "
            "sslcert='cert' sslkey='key' target_session_attrs='prefer-standby' user='u' "
            "password='p' dbname='d' connect_timeout='7' tcp_user_timeout='9' "
            "gssencmode='disable' client_encoding='UTF8' application_name='pgsidecar'");
}

TEST(ExplainAlike, SeesWhatMakesADifference) {
  config::Config one;
  config::Config other = one;
  other.wire.max_clients = 7;
  EXPECT_TRUE(ExplainAlike(one, other));
  other.wire.upstream.password = "new";
  EXPECT_FALSE(ExplainAlike(one, other));
  other = one;
  other.explain.every += std::chrono::seconds(1);
  EXPECT_FALSE(ExplainAlike(one, other));
}

TEST(StartExplainer, IsOffByDefault) {
  metrics::Registry registry(1.0);
  const SystemClock clock;
  auto log = metrics::SlowLog::Open({.path = "/dev/null"}, registry, clock);
  ASSERT_TRUE(log.ok());
  executor::ExplainCounters counters(registry);
  config::Config config;
  EXPECT_EQ(StartExplainer(config, {*log.value(), counters, clock}), nullptr);
  config.explain.enabled = true;
  EXPECT_NE(StartExplainer(config, {*log.value(), counters, clock}), nullptr);
}

}  // namespace
}  // namespace pgsidecar::app
