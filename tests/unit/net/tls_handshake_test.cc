#include "net/tls_handshake.h"

#include <openssl/ssl.h>
#include <poll.h>

#include <array>
#include <ctime>
#include <optional>

#include "unit/net/tls_fixture.h"

namespace pgsidecar::net {
namespace {

struct Peer : TlsHandler {
  void OnTlsReady(Transport ready) override {
    transport = std::move(ready);
    ++calls;
  }
  void OnTlsFailed(const std::string& text) override {
    failure = text;
    ++calls;
  }
  int calls = 0;
  std::optional<Transport> transport;
  std::string failure;
};

class TlsHandshakeTest : public TlsTest {
 protected:
  /// Runs both sides until each has called its handler.
  void Shake(const ContextPtr& server, const ContextPtr& client, const TlsOptions& options = {}) {
    auto [a, b] = SocketPair();
    server_.StartServer(std::move(a), server, options);
    client_.StartClient(std::move(b), client, options);
    EXPECT_EQ(server_peer_.calls + client_peer_.calls, 0) << "never from within Start";
    RunUntil([this] { return server_peer_.calls == 1 && client_peer_.calls == 1; });
  }

  /// What a client with these demands says to a server with this certificate; empty if it agrees.
  std::string ClientSays(const Identity& server, const TlsClientFiles& files,
                         const std::string& server_name) {
    Shake(Server(server), Client(files), {.server_name = server_name, .require_alpn = false});
    return client_peer_.failure;
  }

  TlsClientFiles Verifying(TlsVerify verify) const {
    return {.verify = verify, .root_file = authority_.cert_file(), .cert_file = "", .key_file = ""};
  }

  TlsClientFiles Showing(const Identity& own) const {
    return {.verify = TlsVerify::kNone,
            .root_file = "",
            .cert_file = own.cert_file,
            .key_file = own.key_file};
  }

  /// A server whose clients must show a certificate of our authority.
  ContextPtr Demanding() const { return Server(db_, authority_.cert_file()); }

  Peer server_peer_;
  Peer client_peer_;
  TlsHandshake server_{loop_, server_peer_};
  TlsHandshake client_{loop_, client_peer_};
};

TEST_F(TlsHandshakeTest, FullVerificationTakesTheRightHost) {
  EXPECT_EQ(ClientSays(db_, Verifying(TlsVerify::kFull), "db"), "");
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  EXPECT_TRUE(client_peer_.transport->encrypted());
  EXPECT_NEAR(static_cast<double>(client_peer_.transport->peer_not_after() - now), 24 * 3600, 60);
  EXPECT_EQ(server_peer_.transport->peer_not_after(), 0);
}

TEST_F(TlsHandshakeTest, FullVerificationTakesTheRightAddress) {
  EXPECT_EQ(ClientSays(db_, Verifying(TlsVerify::kFull), "127.0.0.1"), "");
}

TEST_F(TlsHandshakeTest, FullVerificationRefusesAnotherHost) {
  EXPECT_EQ(ClientSays(db_, Verifying(TlsVerify::kFull), "db2"),
            "host name \"db2\" does not match the server's certificate");
  EXPECT_NE(server_peer_.failure, "") << "the client's alert";
}

TEST_F(TlsHandshakeTest, FullVerificationRefusesAnotherAddress) {
  EXPECT_EQ(ClientSays(db_, Verifying(TlsVerify::kFull), "127.0.0.2"),
            "host name \"127.0.0.2\" does not match the server's certificate");
}

TEST_F(TlsHandshakeTest, FullVerificationNeedsAName) {
  EXPECT_EQ(ClientSays(db_, Verifying(TlsVerify::kFull), ""),
            "TLS cannot be set up for the server name \"\"");
  EXPECT_EQ(server_peer_.failure, "the peer closed the connection during the TLS handshake");
}

TEST_F(TlsHandshakeTest, CaVerificationTakesAnyHost) {
  EXPECT_EQ(ClientSays(db_, Verifying(TlsVerify::kCa), "other"), "");
}

TEST_F(TlsHandshakeTest, RefusesAnExpiredCertificate) {
  const Identity expired = authority_.Issue(
      {.name = "old", .alternative_names = "DNS:db", .lifetime = std::chrono::hours(-1)});
  EXPECT_EQ(ClientSays(expired, Verifying(TlsVerify::kFull), "db"),
            "certificate verify failed: certificate has expired");
}

TEST_F(TlsHandshakeTest, RefusesASelfSignedCertificate) {
  const Identity own = MakeSelfSigned(directory_, {.name = "own", .alternative_names = "DNS:db"});
  EXPECT_EQ(ClientSays(own, Verifying(TlsVerify::kCa), "db"),
            "certificate verify failed: self-signed certificate");
}

TEST_F(TlsHandshakeTest, RefusesTheCertificateOfAnotherAuthority) {
  const TestAuthority stranger(directory_, "stranger");
  const Identity foreign = stranger.Issue({.name = "foreign", .alternative_names = "DNS:db"});
  EXPECT_EQ(ClientSays(foreign, Verifying(TlsVerify::kCa), "db"),
            "certificate verify failed: unable to get local issuer certificate");
  EXPECT_EQ(server_peer_.failure, "tlsv1 alert unknown ca");
}

TEST_F(TlsHandshakeTest, WithoutVerifyingAnyCertificateWillDo) {
  const Identity own = MakeSelfSigned(
      directory_, {.name = "own", .alternative_names = "", .lifetime = std::chrono::hours(-1)});
  EXPECT_EQ(ClientSays(own, {}, "db"), "");
}

TEST_F(TlsHandshakeTest, TakesAClientWithTheRightCertificate) {
  const Identity app = authority_.Issue({.name = "app", .alternative_names = ""});
  Shake(Demanding(), Client(Showing(app)));
  EXPECT_EQ(server_peer_.failure, "");
  EXPECT_GT(server_peer_.transport->peer_not_after(), 0);
}

TEST_F(TlsHandshakeTest, RefusesAClientWithoutCertificateAndTheClientLearnsWhy) {
  Shake(Demanding(), Client({}));
  EXPECT_EQ(server_peer_.failure, "peer did not return a certificate");
  // With TLS 1.3 the client was ready before the server saw that there is none.
  ASSERT_TRUE(client_peer_.transport.has_value());
  char byte = 0;
  EXPECT_EQ(client_peer_.transport->Receive(&byte, 1).status, IoStatus::kFailed);
  EXPECT_EQ(client_peer_.transport->failure_text(), "tlsv13 alert certificate required");
}

TEST_F(TlsHandshakeTest, RefusesAClientWithTheCertificateOfAnotherAuthority) {
  const TestAuthority stranger(directory_, "stranger");
  const Identity foreign = stranger.Issue({.name = "foreign", .alternative_names = ""});
  Shake(Demanding(), Client(Showing(foreign)));
  EXPECT_EQ(server_peer_.failure,
            "certificate verify failed: unable to get local issuer certificate");
}

TEST_F(TlsHandshakeTest, SendsTheWholeChainOfACertificate) {
  const TestAuthority middle(directory_, "middle", authority_);
  Identity leaf = middle.Issue({.name = "leaf", .alternative_names = "DNS:db"});
  leaf.cert_file = directory_.Concatenate("chain.crt", {leaf.cert_file, middle.cert_file()});
  EXPECT_EQ(ClientSays(leaf, Verifying(TlsVerify::kFull), "db"), "");
}

TEST_F(TlsHandshakeTest, RefusesAnOldProtocolVersion) {
  const ContextPtr old = Client({});
  SSL_CTX_set_min_proto_version(old->native(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old->native(), TLS1_1_VERSION);
  SSL_CTX_set_cipher_list(old->native(), "DEFAULT:@SECLEVEL=0");
  Shake(Server(db_), old);
  EXPECT_EQ(server_peer_.failure, "unsupported protocol");
  EXPECT_EQ(client_peer_.failure, "tlsv1 alert protocol version");
}

TEST_F(TlsHandshakeTest, DirectTlsTakesAClientThatNamesTheProtocol) {
  Shake(Server(db_), Client({}), {.server_name = "db", .require_alpn = true});
  EXPECT_EQ(server_peer_.failure, "");
}

TEST_F(TlsHandshakeTest, DirectTlsRefusesAClientThatNamesNoProtocol) {
  const ContextPtr silent = Client({});
  SSL_CTX_set_alpn_protos(silent->native(), nullptr, 0);
  Shake(Server(db_), silent, {.server_name = "db", .require_alpn = true});
  EXPECT_EQ(server_peer_.failure,
            "the client did not name the protocol postgresql by ALPN, as direct TLS must");
}

TEST_F(TlsHandshakeTest, NegotiatedTlsTakesAClientThatNamesNoProtocol) {
  const ContextPtr silent = Client({});
  SSL_CTX_set_alpn_protos(silent->native(), nullptr, 0);
  Shake(Server(db_), silent);
  EXPECT_EQ(server_peer_.failure, "");
}

TEST_F(TlsHandshakeTest, RefusesAClientThatNamesOnlyOtherProtocols) {
  constexpr std::array<unsigned char, 9> kHttp = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  const ContextPtr browser = Client({});
  SSL_CTX_set_alpn_protos(browser->native(), kHttp.data(), kHttp.size());
  Shake(Server(db_), browser);
  EXPECT_EQ(server_peer_.failure, "no application protocol");
  EXPECT_EQ(client_peer_.failure, "tlsv1 alert no application protocol");
}

TEST_F(TlsHandshakeTest, SaysThatAServerSpeaksNoTls) {
  auto [a, b] = SocketPair();
  client_.StartClient(std::move(a), Client({}), {});
  ASSERT_EQ(::send(b.get(), "SFATAL: no TLS here, sorry", 26, 0), 26);
  RunUntil([this] { return client_peer_.calls == 1; });
  EXPECT_EQ(client_peer_.failure, "wrong version number");
}

TEST_F(TlsHandshakeTest, SaysThatAClientSpeaksNoTls) {
  auto [a, b] = SocketPair();
  server_.StartServer(std::move(a), Server(db_), {});
  ASSERT_EQ(::send(b.get(), "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
  RunUntil([this] { return server_peer_.calls == 1; });
  EXPECT_EQ(server_peer_.failure, "http request");
}

TEST_F(TlsHandshakeTest, SaysThatTheClientWentAway) {
  auto [a, b] = SocketPair();
  server_.StartServer(std::move(a), Server(db_), {});
  b.reset();
  RunUntil([this] { return server_peer_.calls == 1; });
  EXPECT_EQ(server_peer_.failure, "the peer closed the connection during the TLS handshake");
}

TEST_F(TlsHandshakeTest, SaysThatTheServerWentAwayAfterOurHello) {
  auto [a, b] = SocketPair();
  client_.StartClient(std::move(a), Client({}), {});
  RunUntil([this, fd = &b] {
    pollfd sent{.fd = fd->get(), .events = POLLIN, .revents = 0};
    if (*fd && ::poll(&sent, 1, 0) == 1) ::shutdown(fd->get(), SHUT_WR);
    return client_peer_.calls == 1;
  });
  EXPECT_EQ(client_peer_.failure, "the peer closed the connection during the TLS handshake");
}

TEST_F(TlsHandshakeTest, SaysWhyTheSocketFailed) {
  auto [a, b] = SocketPair();
  b.reset();
  client_.StartClient(std::move(a), Client({}), {});
  RunUntil([this] { return client_peer_.calls == 1; });
  EXPECT_EQ(client_peer_.failure, "broken pipe during the TLS handshake");
}

TEST_F(TlsHandshakeTest, CancelledMidwayItIsSilentAndClosesTheSocket) {
  auto [a, b] = SocketPair();
  const int fd = b.get();
  server_.StartServer(std::move(a), Server(db_), {});
  client_.StartClient(std::move(b), Client({}), {});
  RunUntil([this, fd] {
    pollfd hello{.fd = fd, .events = POLLIN, .revents = 0};
    // The server's hello is here: both sides are in the middle.
    if (client_.active() && ::poll(&hello, 1, 0) == 1) client_.Cancel();
    return server_peer_.calls == 1;
  });
  EXPECT_EQ(client_peer_.calls, 0);
  EXPECT_FALSE(client_.active());
  EXPECT_EQ(server_peer_.failure, "connection reset by peer during the TLS handshake");
}

TEST_F(TlsHandshakeTest, MayBeDestroyedByItsHandler) {
  struct Owner : TlsHandler {
    void OnTlsReady(Transport transport) override {
      ready = transport.encrypted();
      handshake.reset();
    }
    void OnTlsFailed(const std::string& /*text*/) override { handshake.reset(); }
    bool ready = false;
    std::unique_ptr<TlsHandshake> handshake;
  } good, bad;
  good.handshake = std::make_unique<TlsHandshake>(loop_, good);
  bad.handshake = std::make_unique<TlsHandshake>(loop_, bad);
  auto [a, b] = SocketPair();
  auto [c, d] = SocketPair();
  good.handshake->StartServer(std::move(a), Server(db_), {});
  client_.StartClient(std::move(b), Client({}), {});
  bad.handshake->StartServer(std::move(c), Server(db_), {});
  d.reset();
  RunUntil([&] { return good.handshake == nullptr && bad.handshake == nullptr; });
  EXPECT_TRUE(good.ready);
}

TEST_F(TlsHandshakeTest, BytesBehindTheHandshakeArePending) {
  // A relay between the two holds the client's second flight back until it is complete.
  auto [a, b] = SocketPair();
  auto [c, d] = SocketPair();
  client_.StartClient(std::move(a), Client({}), {});
  server_.StartServer(std::move(c), Server(db_), {});
  std::string flight;
  int flights = 0;
  RunUntil([&, to_client = &b, to_server = &d] {
    std::array<char, 1 << 16> buffer{};
    ssize_t got = ::recv(to_server->get(), buffer.data(), buffer.size(), 0);
    if (got > 0) ::send(to_client->get(), buffer.data(), static_cast<std::size_t>(got), 0);
    if (client_peer_.transport.has_value() && flights == 1) {
      EXPECT_EQ(client_peer_.transport->Send("startup").bytes, 7U);
    }
    while ((got = ::recv(to_client->get(), buffer.data(), buffer.size(), 0)) > 0) {
      flight.append(buffer.data(), static_cast<std::size_t>(got));
    }
    const bool complete = flights == 0 || client_peer_.transport.has_value();
    if (!flight.empty() && complete) {
      ::send(to_server->get(), flight.data(), flight.size(), 0);
      flight.clear();
      ++flights;
    }
    return server_peer_.calls == 1;
  });
  ASSERT_TRUE(server_peer_.transport.has_value()) << server_peer_.failure;
  EXPECT_EQ(flights, 2);
  EXPECT_TRUE(server_peer_.transport->pending());
  std::array<char, 16> buffer{};
  EXPECT_EQ(server_peer_.transport->Receive(buffer.data(), buffer.size()).bytes, 7U);
  EXPECT_FALSE(server_peer_.transport->pending());
}

}  // namespace
}  // namespace pgsidecar::net
