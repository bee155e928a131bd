#include "net/tls_context.h"

#include <openssl/ssl.h>

#include <ctime>

#include "unit/net/tls_fixture.h"

namespace pgsidecar::net {
namespace {

class TlsContextTest : public TlsTest {
 protected:
  static std::string ServerError(const TlsServerFiles& files) {
    const auto context = TlsContext::ForServer(files);
    return context.ok() ? "" : context.error().message;
  }
  static std::string ClientError(const TlsClientFiles& files) {
    const auto context = TlsContext::ForClient(files);
    return context.ok() ? "" : context.error().message;
  }
  TlsServerFiles ServerFiles() const {
    return {.cert_file = db_.cert_file, .key_file = db_.key_file, .client_ca_file = ""};
  }
  std::string missing_ = directory_.File("missing");
  std::string empty_ = directory_.Write("empty", "");
  std::string garbage_ = directory_.Write("garbage", "not PEM at all\n");
};

TEST_F(TlsContextTest, SaysWhenOurCertificateExpires) {
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  EXPECT_NEAR(static_cast<double>(Server(db_)->not_after() - now), 24 * 3600, 60);
  EXPECT_EQ(Client({})->not_after(), 0);
}

TEST_F(TlsContextTest, LoadsAnExpiredCertificateAndSaysSo) {
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  const Identity expired = authority_.Issue(
      {.name = "old", .alternative_names = "DNS:old", .lifetime = std::chrono::hours(-1)});
  EXPECT_NEAR(static_cast<double>(Server(expired)->not_after() - now), -3600, 60);
}

TEST_F(TlsContextTest, NamesACertificateFileThatCannotBeUsed) {
  TlsServerFiles files = ServerFiles();
  files.cert_file = missing_;
  EXPECT_EQ(ServerError(files), "certificate file '" + missing_ + "': no such file or directory");
  for (const std::string& file : {empty_, garbage_, db_.key_file}) {
    files.cert_file = file;
    EXPECT_EQ(ServerError(files), "certificate file '" + file + "': no certificate in PEM form");
  }
}

TEST_F(TlsContextTest, NamesAKeyFileThatCannotBeUsed) {
  TlsServerFiles files = ServerFiles();
  files.key_file = missing_;
  EXPECT_EQ(ServerError(files), "private key file '" + missing_ + "': no such file or directory");
  for (const std::string& file : {empty_, garbage_, db_.cert_file}) {
    files.key_file = file;
    EXPECT_EQ(ServerError(files), "private key file '" + file + "': no private key in PEM form");
  }
}

TEST_F(TlsContextTest, RefusesTheKeyOfAnotherCertificate) {
  const Identity other = authority_.Issue({.name = "other", .alternative_names = ""});
  TlsServerFiles files = ServerFiles();
  files.key_file = other.key_file;
  EXPECT_EQ(ServerError(files), "private key file '" + other.key_file +
                                    "': does not belong to the certificate in '" + db_.cert_file +
                                    "'");
}

TEST_F(TlsContextTest, RefusesAKeyWithPassphraseInsteadOfAsking) {
  TlsServerFiles files = ServerFiles();
  files.key_file = directory_.File("encrypted.key");
  Encrypt(db_.key_file, files.key_file);
  EXPECT_EQ(ServerError(files), "private key file '" + files.key_file +
                                    "': protected by a passphrase, which cannot be given");
}

TEST_F(TlsContextTest, NamesARootFileThatCannotBeUsed) {
  TlsServerFiles server = ServerFiles();
  TlsClientFiles client{.verify = TlsVerify::kCa, .root_file = "", .cert_file = "", .key_file = ""};
  client.root_file = server.client_ca_file = missing_;
  const std::string text = "root certificate file '" + missing_ + "': no such file or directory";
  EXPECT_EQ(ServerError(server), text);
  EXPECT_EQ(ClientError(client), text);
  for (const std::string& file : {empty_, garbage_, db_.key_file}) {
    client.root_file = server.client_ca_file = file;
    const std::string none = "root certificate file '" + file + "': no certificate in PEM form";
    EXPECT_EQ(ServerError(server), none);
    EXPECT_EQ(ClientError(client), none);
  }
}

TEST_F(TlsContextTest, VerifyingNeedsARoot) {
  TlsClientFiles files{
      .verify = TlsVerify::kFull, .root_file = "", .cert_file = "", .key_file = ""};
  EXPECT_NE(ClientError(files), "");
  files.root_file = "system";
  EXPECT_EQ(ClientError(files), "");
}

TEST_F(TlsContextTest, WithoutVerifyingTheRootFileIsNotRead) {
  EXPECT_EQ(
      ClientError(
          {.verify = TlsVerify::kNone, .root_file = missing_, .cert_file = "", .key_file = ""}),
      "");
}

TEST_F(TlsContextTest, ClientLoadsItsOwnCertificateTheSameWay) {
  TlsClientFiles files;
  files.cert_file = db_.cert_file;
  files.key_file = missing_;
  EXPECT_EQ(ClientError(files), "private key file '" + missing_ + "': no such file or directory");
  files.key_file = db_.key_file;
  EXPECT_GT(Client(files)->not_after(), 0);
}

}  // namespace
}  // namespace pgsidecar::net
