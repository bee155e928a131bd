#include "app/warnings.h"

#include <gtest/gtest.h>

namespace pgsidecar::app {
namespace {

wire::WireOptions TlsOnBothLegs() {
  wire::WireOptions options;
  options.tls.mode = wire::ClientTlsMode::kAllow;
  options.upstream.hosts = {{"/run/postgresql", "", 5432}, {"db", "", 5432}};
  return options;
}

TEST(ChannelBindingWarning, NamesTheSettingOfTheClients) {
  const auto warning = ChannelBindingWarning(TlsOnBothLegs());
  ASSERT_TRUE(warning.has_value());
  EXPECT_NE(warning->find("channel_binding=disable"), std::string::npos);
}

TEST(ChannelBindingWarning, TakesTlsOnBothLegs) {
  wire::WireOptions options = TlsOnBothLegs();
  options.tls.mode = wire::ClientTlsMode::kOff;
  EXPECT_FALSE(ChannelBindingWarning(options).has_value());
  options = TlsOnBothLegs();
  options.upstream.sslmode = wire::SslMode::kDisable;
  EXPECT_FALSE(ChannelBindingWarning(options).has_value());
  options = TlsOnBothLegs();
  options.upstream.hosts.pop_back();
  EXPECT_FALSE(ChannelBindingWarning(options).has_value());
}

}  // namespace
}  // namespace pgsidecar::app
