#include "config/upstream_hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// `host/hostaddr:port` of each server, or what is wrong.
std::string Paired(const HostLists& lists) {
  std::vector<wire::UpstreamHost> servers;
  const std::string problem = PairHosts(lists, servers);
  if (!problem.empty()) return problem;
  std::string text;
  for (const auto& each : servers) {
    text += each.host + "/" + each.hostaddr + ":" + std::to_string(each.port) + " ";
  }
  return text;
}

TEST(UpstreamHosts, SplitsAtEveryComma) {
  EXPECT_THAT(SplitList(""), ElementsAre(""));
  EXPECT_THAT(SplitList("a"), ElementsAre("a"));
  EXPECT_THAT(SplitList("a,,b,"), ElementsAre("a", "", "b", ""));
}

TEST(UpstreamHosts, PairsAddressesWithHosts) {
  EXPECT_EQ(Paired({{"a", "b"}, {"10.0.0.1", "::1"}, {}}), "a/10.0.0.1:5432 b/::1:5432 ");
  EXPECT_EQ(Paired({{}, {"10.0.0.1", "10.0.0.2"}, {"1", "2"}}),
            "10.0.0.1/10.0.0.1:1 10.0.0.2/10.0.0.2:2 ");
  EXPECT_EQ(Paired({{""}, {"10.0.0.1", "10.0.0.2"}, {""}}),
            "10.0.0.1/10.0.0.1:5432 10.0.0.2/10.0.0.2:5432 ");
  EXPECT_EQ(Paired({{"a", "b"}, {"", "10.0.0.2"}, {}}), "a/:5432 b/10.0.0.2:5432 ");
  EXPECT_EQ(Paired({{"a", "b"}, {""}, {}}), "a/:5432 b/:5432 ");
  EXPECT_EQ(Paired({{"a"}, {"10.0.0.1", "10.0.0.2"}, {}}), "names 1 in host but 2 in hostaddr");
  EXPECT_EQ(Paired({{"a", "b"}, {"10.0.0.1"}, {}}), "names 2 in host but 1 in hostaddr");
  EXPECT_EQ(Paired({{"a"}, {"db"}, {}}), "has a hostaddr that is not an IP address");
}

TEST(UpstreamHosts, TakesOnePortForAllOrOneForEach) {
  EXPECT_EQ(Paired({{"a", "b"}, {}, {"7"}}), "a/:7 b/:7 ");
  EXPECT_EQ(Paired({{"a", "b"}, {}, {"7", ""}}), "a/:7 b/:5432 ");
  EXPECT_EQ(Paired({{"a", "b", "c"}, {}, {"7", "8"}}), "names 3 hosts but 2 ports");
  EXPECT_EQ(Paired({{"a"}, {}, {"7", "8"}}), "names 1 host but 2 ports");
}

TEST(UpstreamHosts, EmptyElementsAreTheDefaults) {
  EXPECT_EQ(Paired({}), "127.0.0.1/:5432 ");
  EXPECT_EQ(Paired({{""}, {""}, {""}}), "127.0.0.1/:5432 ");
  EXPECT_EQ(Paired({{"", "b"}, {}, {"", "1"}}), "127.0.0.1/:5432 b/:1 ");
}

TEST(UpstreamHosts, AreAtMost16AndDifferent) {
  HostLists lists;
  for (int i = 0; i < 16; ++i) lists.hosts.push_back("h" + std::to_string(i));
  EXPECT_THAT(Paired(lists), HasSubstr("h15/:5432"));
  lists.hosts.emplace_back("h16");
  EXPECT_EQ(Paired(lists), "names 17 hosts, more than 16");
  EXPECT_EQ(Paired({{"a", "a"}, {}, {}}), "names a host and port twice");
  EXPECT_EQ(Paired({{"a", ""}, {}, {"5432", ""}}), "a/:5432 127.0.0.1/:5432 ");
  EXPECT_EQ(Paired({{"a", "a"}, {}, {"1", "2"}}), "a/:1 a/:2 ");
}

TEST(UpstreamHosts, ASocketPathHasToFit) {
  const std::string fits = "/" + std::string(92, 'x');
  EXPECT_EQ(Paired({{fits}, {}, {}}), fits + "/:5432 ");
  EXPECT_EQ(Paired({{fits + "x"}, {}, {}}),
            "has a directory whose socket name is longer than 107 bytes");
}

}  // namespace
}  // namespace pgsidecar::config
