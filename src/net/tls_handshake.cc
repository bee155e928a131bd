#include "net/tls_handshake.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

#include "net/tls_bio.h"
#include "net/tls_error.h"

namespace pgsidecar::net {
namespace {

bool IsIpAddress(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return ::inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
}

std::string VerifyProblem(const SSL* ssl, const std::string& server_name) {
  const long result = SSL_get_verify_result(ssl);
  if (result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return "host name \"" + server_name + "\" does not match the server's certificate";
  }
  return std::string("certificate verify failed: ") + X509_verify_cert_error_string(result);
}

/// Why a handshake ended early. Requires: OpenSSL's errors are as it left them.
std::string Problem(const SSL* ssl, int ssl_error, const std::string& server_name) {
  const int system_error = SocketBioError(SSL_get_rbio(ssl));
  const unsigned long code = ERR_peek_error();
  const bool by_tls = ERR_GET_LIB(code) == ERR_LIB_SSL;
  if (by_tls && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return VerifyProblem(ssl, server_name);
  }
  const bool unexpected_end = by_tls && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  if (ssl_error == SSL_ERROR_SYSCALL && system_error != 0) {
    return ErrnoText(system_error) + " during the TLS handshake";
  }
  if (code != 0 && !unexpected_end) return TlsErrorText(code);
  return "the peer closed the connection during the TLS handshake";
}

}  // namespace

void TlsHandshake::StartServer(UniqueFd fd, const std::shared_ptr<const TlsContext>& context,
                               const TlsOptions& options) {
  Cancel();
  fd_ = std::move(fd);
  options_ = options;
  const bool opened = Open(*context);
  if (opened) SSL_set_accept_state(ssl_.get());
  watcher_.Attach(fd_.get());
  watcher_.WatchRead(opened);
  watcher_.WatchWrite(!opened);  // Ready at once: the failure is told from there.
}

void TlsHandshake::StartClient(UniqueFd fd, const std::shared_ptr<const TlsContext>& context,
                               const TlsOptions& options) {
  Cancel();
  fd_ = std::move(fd);
  options_ = options;
  if (Open(*context)) {
    SSL_set_connect_state(ssl_.get());
    if (!SetServerName(context->verify())) ssl_.reset();
  }
  watcher_.Attach(fd_.get());
  watcher_.WatchWrite(true);
}

void TlsHandshake::Cancel() {
  watcher_.Detach();
  ssl_.reset();
  fd_.reset();
}

bool TlsHandshake::Open(const TlsContext& context) {
  ssl_.reset(SSL_new(context.native()));
  BIO* const bio = ssl_ == nullptr ? nullptr : NewSocketBio(fd_.get());
  if (bio == nullptr) {
    ssl_.reset();
    return false;
  }
  SSL_set_bio(ssl_.get(), bio, bio);
  return true;
}

bool TlsHandshake::SetServerName(TlsVerify verify) {
  const std::string& name = options_.server_name;
  const bool is_address = IsIpAddress(name);
  if (verify == TlsVerify::kFull) {
    // An empty name would match every certificate.
    if (name.empty()) return false;
    X509_VERIFY_PARAM* const rules = SSL_get0_param(ssl_.get());
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str())
                               : X509_VERIFY_PARAM_set1_host(rules, name.data(), name.size());
    if (set != 1) return false;
  }
  return name.empty() || is_address || SSL_set_tlsext_host_name(ssl_.get(), name.c_str()) == 1;
}

void TlsHandshake::Continue() {
  if (ssl_ == nullptr) {
    return Fail("TLS cannot be set up for the server name \"" + options_.server_name + "\"");
  }
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return Finish();
  const int error = SSL_get_error(ssl_.get(), result);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
    return Fail(Problem(ssl_.get(), error, options_.server_name));
  }
  watcher_.WatchRead(error == SSL_ERROR_WANT_READ);
  watcher_.WatchWrite(error == SSL_ERROR_WANT_WRITE);
}

void TlsHandshake::Finish() {
  const unsigned char* protocol = nullptr;
  unsigned int protocol_bytes = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &protocol_bytes);
  if (options_.require_alpn && protocol_bytes == 0) {
    return Fail("the client did not name the protocol postgresql by ALPN, as direct TLS must");
  }
  watcher_.Detach();
  handler_.OnTlsReady(Transport(std::move(fd_), std::move(ssl_)));
}

void TlsHandshake::Fail(std::string text) {
  Cancel();
  handler_.OnTlsFailed(text);
}

}  // namespace pgsidecar::net
