#include "wire/server_role.h"

#include <gtest/gtest.h>

namespace pgsidecar::wire {
namespace {

TEST(ServerRole, IsUnknownUntilItIsSaid) {
  ServerRole role;
  role.Note("server_version", "15.4");
  EXPECT_FALSE(role.known());
  EXPECT_EQ(Suits(role, TargetSession::kAny), Suitability::kYes);
  for (const auto target :
       {TargetSession::kReadWrite, TargetSession::kReadOnly, TargetSession::kPrimary,
        TargetSession::kStandby, TargetSession::kPreferStandby}) {
    EXPECT_EQ(Suits(role, target), Suitability::kUnknown) << Name(target);
  }
}

TEST(ServerRole, SuitsAsLibpqDecides) {
  constexpr auto kYes = Suitability::kYes;
  constexpr auto kNo = Suitability::kNo;
  const struct {
    std::string_view hot_standby, read_only;
    Suitability read_write, reads_only, primary, standby;
  } cases[] = {
      {"off", "off", kYes, kNo, kYes, kNo},
      {"off", "on", kNo, kYes, kYes, kNo},
      {"on", "off", kNo, kYes, kNo, kYes},
      {"on", "on", kNo, kYes, kNo, kYes},
  };
  for (const auto& c : cases) {
    ServerRole role;
    role.Note("in_hot_standby", c.hot_standby);
    role.Note("default_transaction_read_only", c.read_only);
    EXPECT_EQ(Suits(role, TargetSession::kReadWrite), c.read_write);
    EXPECT_EQ(Suits(role, TargetSession::kReadOnly), c.reads_only);
    EXPECT_EQ(Suits(role, TargetSession::kPrimary), c.primary);
    EXPECT_EQ(Suits(role, TargetSession::kStandby), c.standby);
    EXPECT_EQ(Suits(role, TargetSession::kPreferStandby), c.standby);
  }
}

}  // namespace
}  // namespace pgsidecar::wire
