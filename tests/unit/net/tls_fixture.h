#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <utility>

#include "net/socket.h"
#include "net/tls_bio.h"
#include "net/tls_context.h"
#include "unit/net/loop_fixture.h"
#include "unit/net/test_certificates.h"

namespace pgsidecar::net {

using ContextPtr = std::shared_ptr<const TlsContext>;

/// Two ends of one TLS connection, and OpenSSL's side of each, which lives as long as its
/// transport.
struct TlsPair {
  Transport server;
  Transport client;
  SSL* server_ssl = nullptr;
  SSL* client_ssl = nullptr;
};

/// An authority, a server's certificate for the host `db`, and contexts of both sides.
class TlsTest : public LoopTest {
 protected:
  ContextPtr Server(const Identity& identity, const std::string& client_ca_file = "") const {
    auto context = TlsContext::ForServer({.cert_file = identity.cert_file,
                                          .key_file = identity.key_file,
                                          .client_ca_file = client_ca_file});
    EXPECT_TRUE(context.ok()) << context.error().message;
    return context.value();
  }

  ContextPtr Client(const TlsClientFiles& files) const {
    auto context = TlsContext::ForClient(files);
    EXPECT_TRUE(context.ok()) << context.error().message;
    return context.value();
  }

  /// A connection after its handshake. `version` is the highest one; 0 for the newest.
  TlsPair Connect(int version = 0) const {
    auto [a, b] = SocketPair();
    return Connect(std::move(a), std::move(b), version);
  }

  TlsPair Connect(UniqueFd server_fd, UniqueFd client_fd, int version) const {
    TlsPair pair;
    SslPtr server = NewSsl(*Server(db_), server_fd.get(), version);
    SslPtr client = NewSsl(*Client({}), client_fd.get(), version);
    SSL_set_accept_state(server.get());
    SSL_set_connect_state(client.get());
    for (int i = 0; i < 10; ++i) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
    EXPECT_EQ(SSL_is_init_finished(client.get()) + SSL_is_init_finished(server.get()), 2);
    pair.server_ssl = server.get();
    pair.client_ssl = client.get();
    pair.server = Transport(std::move(server_fd), std::move(server));
    pair.client = Transport(std::move(client_fd), std::move(client));
    return pair;
  }

  TestDirectory directory_;
  TestAuthority authority_{directory_, "authority"};
  Identity db_ = authority_.Issue({.name = "db", .alternative_names = "DNS:db,IP:127.0.0.1"});

 private:
  static SslPtr NewSsl(const TlsContext& context, int fd, int version) {
    SslPtr ssl(SSL_new(context.native()));
    SSL_set_max_proto_version(ssl.get(), version);
    BIO* bio = NewSocketBio(fd);
    SSL_set_bio(ssl.get(), bio, bio);
    return ssl;
  }
};

}  // namespace pgsidecar::net
