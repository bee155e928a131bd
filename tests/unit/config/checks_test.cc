#include "config/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// The errors of these keys and values.
std::vector<std::string> Errors(const std::vector<std::pair<const char*, const char*>>& settings) {
  Inputs inputs;
  for (const auto& [key, value] : settings) inputs.flags.push_back({"--set", key, {value}});
  return Load(inputs).errors;
}

constexpr std::pair kCert{"wire.tls.cert_file", "/c.pem"};
constexpr std::pair kKey{"wire.tls.key_file", "/k.pem"};
constexpr std::pair kClientCa{"wire.tls.client_ca_file", "/ca.pem"};
constexpr std::pair kAllow{"wire.tls.mode", "allow"};
constexpr std::pair kRequire{"wire.tls.mode", "require"};
constexpr std::pair kOpenListen{"wire.listen", "127.0.0.1:1,0.0.0.0:2,/run/x:3"};
constexpr std::pair kOpenPassThrough{"wire.pass_through_listen", "[::]:4"};
constexpr std::pair kUnixUpstream{"upstream", "postgresql://db,%2Frun%2Fpostgresql"};
constexpr std::pair kCertUpstream{"upstream", "postgresql://db?sslcert=/c&sslkey=/k"};

TEST(Checks, TlsNeedsCertificateAndKey) {
  EXPECT_THAT(Errors({kAllow, kCert, kKey}), IsEmpty());
  EXPECT_THAT(Errors({kRequire, kCert, kKey, kClientCa}), IsEmpty());
  EXPECT_THAT(Errors({kAllow, kCert}),
              ElementsAre("flag --set: wire.tls.mode: 'allow' needs wire.tls.key_file; allowed: "
                          "off, or that file"));
  EXPECT_THAT(Errors({kRequire}), ElementsAre(HasSubstr("'require' needs wire.tls.cert_file"),
                                              HasSubstr("'require' needs wire.tls.key_file")));
}

TEST(Checks, FilesWithoutTlsAreRefused) {
  EXPECT_THAT(Errors({kCert, kKey}),
              ElementsAre("flag --set: wire.tls.cert_file: '/c.pem' has no use with wire.tls.mode "
                          "off; allowed: a file only with wire.tls.mode allow or require",
                          HasSubstr("wire.tls.key_file: '/k.pem' has no use")));
}

TEST(Checks, AClientCaTakesThatTlsIsRequired) {
  const std::string problem =
      "flag --set: wire.tls.client_ca_file: '/ca.pem' can be passed by with a connection without "
      "TLS; allowed: a file only with wire.tls.mode require";
  EXPECT_THAT(Errors({kAllow, kCert, kKey, kClientCa}), ElementsAre(problem));
  EXPECT_THAT(Errors({kClientCa}), ElementsAre(problem));
}

TEST(Checks, ListenersDoNotShareAnAddress) {
  EXPECT_THAT(
      Errors({{"wire.listen", "127.0.0.1:1,/run/x:6432"},
              {"wire.pass_through_listen", "/run/x:6432,127.0.0.1:2"}}),
      ElementsAre("flag --set: wire.pass_through_listen: '/run/x:6432' is in wire.listen, too; "
                  "allowed: an address of its own"));
  EXPECT_THAT(Errors({{"wire.listen", "127.0.0.1:0"}, {"wire.pass_through_listen", "127.0.0.1:0"}}),
              IsEmpty());
}

TEST(Checks, AnIdentityIsLentToThisMachineOnly) {
  const std::string problem =
      "flag --set: wire.listen: '0.0.0.0:2' lends the identity that pgsidecar has at PostgreSQL "
      "(sslcert, or the user behind a Unix socket) to everybody who reaches it; allowed: "
      "127.0.0.0/8, [::1] or a directory, or any address with wire.tls.client_ca_file or "
      "wire.allow_shared_identity: true";
  EXPECT_THAT(Errors({kUnixUpstream, kOpenListen}), ElementsAre(problem));
  EXPECT_THAT(Errors({kCertUpstream, kOpenListen}), ElementsAre(problem));
  EXPECT_THAT(Errors({kOpenListen, kOpenPassThrough}), IsEmpty());
  EXPECT_THAT(Errors({kUnixUpstream, {"wire.listen", "127.0.0.1:1,[::1]:2,/run/x:3"}}), IsEmpty());
  EXPECT_THAT(Errors({kCertUpstream, kOpenListen, {"wire.allow_shared_identity", "true"}}),
              IsEmpty());
  EXPECT_THAT(
      Errors({{"upstream", "postgresql://db?sslmode=disable&sslcert=/c&sslkey=/k"}, kOpenListen}),
      IsEmpty())
      << "the certificate is never shown";
}

TEST(Checks, AClientCaIsEnoughExceptForPassThrough) {
  EXPECT_THAT(Errors({kUnixUpstream, kOpenListen, kRequire, kCert, kKey, kClientCa}), IsEmpty());
  EXPECT_THAT(
      Errors({kUnixUpstream, kOpenPassThrough, kRequire, kCert, kKey, kClientCa}),
      ElementsAre("flag --set: wire.pass_through_listen: '[::]:4' lends the identity that "
                  "pgsidecar has at PostgreSQL (sslcert, or the user behind a Unix socket) to "
                  "everybody who reaches it; allowed: 127.0.0.0/8, [::1] or a directory, or any "
                  "address with wire.allow_shared_identity: true"));
  EXPECT_THAT(Errors({kCertUpstream, kOpenPassThrough}), IsEmpty())
      << "TLS is the client's own there";
  EXPECT_THAT(Errors({kUnixUpstream, kOpenPassThrough, {"wire.allow_shared_identity", "true"}}),
              IsEmpty());
}

TEST(Checks, SayEverythingAtOnce) {
  EXPECT_THAT(Errors({kRequire, kUnixUpstream, kOpenListen, {"admin.listen", "0.0.0.0:1"}}),
              testing::SizeIs(4));
}

}  // namespace
}  // namespace pgsidecar::config
