#include "wire/upstream_servers.h"

#include <gtest/gtest.h>

#include "metrics/exposition.h"

namespace pgsidecar::wire {
namespace {

constexpr ServerRole kPrimaryRole{.hot_standby = false, .read_only = false};
constexpr ServerRole kStandbyRole{.hot_standby = true, .read_only = false};
constexpr Nanos kSecond = kNanosPerSecond;

class UpstreamServersTest : public ::testing::Test {
 protected:
  UpstreamServers Make(TargetSession target, std::vector<std::string> names) {
    Upstream upstream;
    upstream.target_session_attrs = target;
    upstream.hosts.clear();
    for (std::string& name : names) upstream.hosts.emplace_back().host = std::move(name);
    return {upstream, directory_};
  }

  static std::string Order(const UpstreamServers& servers) {
    std::string order;
    for (const UpstreamTarget& each : servers.InOrder()) order += each.host.host;
    return order;
  }

  std::string Page() { return metrics::Expose(registry_, "", "").body; }

  metrics::Registry registry_{1.0};
  ServerDirectory directory_{registry_};
};

TEST_F(UpstreamServersTest, TriesInConfiguredOrder) {
  EXPECT_EQ(Order(Make(TargetSession::kAny, {"a", "b", "c"})), "abc");
}

TEST_F(UpstreamServersTest, TriesThoseThatFailedLastAndTheirReasonsInOrder) {
  const UpstreamServers servers = Make(TargetSession::kAny, {"a", "b"});
  EXPECT_EQ(servers.RecentFailure(kSecond), std::nullopt);
  servers.all()[0].server->OnFailed(kSecond, net::ConnectFailure::kRefused, "connection refused");
  EXPECT_EQ(Order(servers), "ba");
  EXPECT_EQ(servers.RecentFailure(kSecond), std::nullopt);
  servers.all()[1].server->OnFailed(kSecond, net::ConnectFailure::kTimeout, "timed out");
  EXPECT_EQ(servers.RecentFailure(2 * kSecond - 1),
            "a:5432: connection refused; b:5432: timed out");
  EXPECT_EQ(servers.RecentFailure(2 * kSecond), std::nullopt);
  servers.all()[0].server->OnConnected(2 * kSecond);
  EXPECT_EQ(Order(servers), "ab");
}

TEST_F(UpstreamServersTest, WantOfOurOwnDescriptorsSaysNothingAboutAServer) {
  const UpstreamServers servers = Make(TargetSession::kAny, {"a"});
  servers.all()[0].server->OnFailed(1, net::ConnectFailure::kResources, "no descriptor");
  EXPECT_EQ(servers.RecentFailure(1), std::nullopt);
  EXPECT_TRUE(servers.all()[0].server->up());
  EXPECT_NE(Page().find("pgsidecar_upstream_connect_errors_total{upstream=\"a:5432\","
                        "reason=\"resources\"} 1"),
            std::string::npos);
}

TEST_F(UpstreamServersTest, TriesTheWantedRoleThenUnknownThenOthers) {
  const UpstreamServers servers = Make(TargetSession::kPrimary, {"a", "b", "c"});
  servers.all()[0].server->SetRole(1, kStandbyRole);
  servers.all()[2].server->SetRole(1, kPrimaryRole);
  EXPECT_EQ(Order(servers), "cba");
}

TEST_F(UpstreamServersTest, AfterASwitchOfRolesTheOldestNewsIsTriedFirst) {
  const UpstreamServers servers = Make(TargetSession::kPrimary, {"a", "b"});
  servers.all()[0].server->SetRole(1, kPrimaryRole);
  servers.all()[1].server->SetRole(2, kStandbyRole);
  EXPECT_EQ(Order(servers), "ab");
  servers.all()[0].server->SetRole(3, kStandbyRole);  // a was demoted; b may be primary now
  EXPECT_EQ(Order(servers), "ba");
}

TEST_F(UpstreamServersTest, AcceptsOnlyAKnownAndWantedRole) {
  const UpstreamServers servers = Make(TargetSession::kStandby, {"a", "b"});
  const UpstreamServer& first = *servers.all()[0].server;
  EXPECT_EQ(servers.Accepts(first, kStandbyRole), Suitability::kYes);
  EXPECT_EQ(servers.Accepts(first, kPrimaryRole), Suitability::kNo);
  EXPECT_EQ(servers.Accepts(first, {}), Suitability::kUnknown);
}

TEST_F(UpstreamServersTest, PreferStandbyTakesAPrimaryWhenNoOtherCanBeAStandby) {
  const UpstreamServers servers = Make(TargetSession::kPreferStandby, {"a", "b"});
  const UpstreamServer& first = *servers.all()[0].server;
  EXPECT_EQ(servers.Accepts(first, kPrimaryRole), Suitability::kNo);  // b may be one
  servers.all()[1].server->SetRole(1, kPrimaryRole);
  EXPECT_EQ(servers.Accepts(first, kPrimaryRole), Suitability::kYes);
  servers.all()[1].server->SetRole(2, kStandbyRole);
  EXPECT_EQ(servers.Accepts(first, kPrimaryRole), Suitability::kNo);
  servers.all()[1].server->OnFailed(3, net::ConnectFailure::kRefused, "connection refused");
  EXPECT_EQ(servers.Accepts(first, kPrimaryRole), Suitability::kYes);
  EXPECT_EQ(servers.Accepts(first, {}), Suitability::kYes);
}

TEST_F(UpstreamServersTest, AServerOutlivesAReloadThatNamesItAgainAndTakesItsSeriesAlong) {
  auto servers = std::make_unique<UpstreamServers>(Make(TargetSession::kAny, {"a", "b"}));
  const UpstreamServer* kept = servers->all()[1].server.get();
  servers = std::make_unique<UpstreamServers>(Make(TargetSession::kAny, {"b", "c"}));
  directory_.Prune();
  EXPECT_EQ(servers->all()[0].server.get(), kept);
  EXPECT_EQ(Page().find("upstream=\"a:5432\""), std::string::npos);
  EXPECT_NE(Page().find("pgsidecar_upstream_up{upstream=\"b:5432\"}"), std::string::npos);
}

}  // namespace
}  // namespace pgsidecar::wire
