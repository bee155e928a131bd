#include "app/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Validate, NamesTheKeyOfWhatSqlCannotBe) {
  const char* operations = "[{name: a, sql: \"select 1; select 2\"}]";
  const config::Loaded wrong =
      config::Load({{}, {}, {{"--set", "statements.operations", {operations}}}});
  ASSERT_THAT(wrong.errors, IsEmpty());
  EXPECT_THAT(Validate(wrong), ElementsAre(StartsWith("flag --set: statements.operations: ")));
  EXPECT_THAT(Validate(config::Load({})), IsEmpty());
}

TEST(Validate, AProblemOfAFileBelongsToItsKey) {
  const wire::ClientTls tls{.mode = wire::ClientTlsMode::kRequire,
                            .cert_file = "/tls/server",
                            .key_file = "/tls/server.key",
                            .client_ca_file = "/tls/ca"};
  EXPECT_EQ(TlsKeyOf(tls, "'/tls/server' cannot be read"), "wire.tls.cert_file");
  EXPECT_EQ(TlsKeyOf(tls, "'/tls/server.key' cannot be read"), "wire.tls.key_file");
  EXPECT_EQ(TlsKeyOf(tls, "'/tls/ca' cannot be read"), "wire.tls.client_ca_file");
  EXPECT_EQ(TlsKeyOf(tls, "something else"), "wire.tls.cert_file");
}

TEST(Validate, AProblemOfAnAddressBelongsToItsKey) {
  wire::WireOptions options;
  options.listen = {"127.0.0.1:1"};
  EXPECT_EQ(ListenKeyOf(options, "cannot listen on 127.0.0.1:2"), "wire.listen");
  options.pass_through_listen = {"127.0.0.1:2"};
  EXPECT_EQ(ListenKeyOf(options, "cannot listen on 127.0.0.1:1: in use"), "wire.listen");
  EXPECT_EQ(ListenKeyOf(options, "cannot listen on 127.0.0.1:2: in use"),
            "wire.pass_through_listen");
}

}  // namespace
}  // namespace pgsidecar::app
