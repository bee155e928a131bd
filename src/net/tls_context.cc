#include "net/tls_context.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <ctime>
#include <string_view>

#include "base/unique_fd.h"
#include "net/socket.h"
#include "net/tls_error.h"

namespace pgsidecar::net {
namespace {

// ALPN's list form (RFC 7301 section 3.1): length, name.
constexpr std::string_view kAlpn = "\x0apostgresql";

// Four full records: one system call fills the window of a relay. Held only while reading.
constexpr std::size_t kReadBufferBytes = 4 * (SSL3_RT_MAX_ENCRYPTED_LENGTH + SSL3_RT_HEADER_LENGTH);

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Error FileError(const std::string& what, const std::string& file, const std::string& problem) {
  return Error{what + " '" + file + "': " + problem};
}

Status CheckReadable(const std::string& what, const std::string& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd) return {};
  return FileError(what, file, ErrnoText(errno));
}

/// What OpenSSL found wrong with a file that was to hold certificates.
std::string PemProblem() {
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  const bool none =
      (ERR_GET_LIB(code) == ERR_LIB_PEM && reason == PEM_R_NO_START_LINE) ||
      (ERR_GET_LIB(code) == ERR_LIB_X509 && reason == X509_R_NO_CERTIFICATE_OR_CRL_FOUND);
  return none ? "no certificate in PEM form" : TlsErrorText(code);
}

/// Notes that a key needs a passphrase, and has none: nobody sits at a terminal.
int RefusePassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

/// Takes `postgresql` from what a client offers by ALPN, or ends the handshake.
constexpr SSL_CTX_alpn_select_cb_func kSelectAlpn =
    [](SSL*, const unsigned char** chosen, unsigned char* chosen_bytes,
       const unsigned char* offered, unsigned int offered_bytes, void*) {
      unsigned char* found = nullptr;
      const int result = SSL_select_next_proto(&found, chosen_bytes, Bytes(kAlpn), kAlpn.size(),
                                               offered, offered_bytes);
      if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
      *chosen = found;
      return SSL_TLSEXT_ERR_OK;
    };

void SetCommonRules(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, kReadBufferBytes);
}

struct KeyDeleter {
  void operator()(EVP_PKEY* target) const { EVP_PKEY_free(target); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, KeyDeleter>;

Result<KeyPtr> LoadKey(const std::string& file) {
  const std::string what = "private key file";
  const Status readable = CheckReadable(what, file);
  if (!readable.ok()) return readable.error();
  const std::unique_ptr<BIO, decltype(&BIO_free)> source(BIO_new_file(file.c_str(), "r"),
                                                         &BIO_free);
  if (source == nullptr) return FileError(what, file, TlsErrorText(ERR_peek_error()));
  bool asked = false;
  KeyPtr key(PEM_read_bio_PrivateKey(source.get(), nullptr, &RefusePassphrase, &asked));
  if (key != nullptr) return key;
  if (asked) return FileError(what, file, "protected by a passphrase, which cannot be given");
  return FileError(what, file, "no private key in PEM form");
}

Status LoadRoots(SSL_CTX* context, const std::string& file) {
  const std::string what = "root certificate file";
  const Status readable = CheckReadable(what, file);
  if (!readable.ok()) return readable;
  ERR_clear_error();
  if (SSL_CTX_load_verify_file(context, file.c_str()) == 1) return {};
  return FileError(what, file, PemProblem());
}

/// Demands certificates signed by one of those in the file, and tells clients so.
Status DemandClientCertificate(SSL_CTX* context, const std::string& file) {
  const Status roots = LoadRoots(context, file);
  if (!roots.ok()) return roots;
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(file.c_str()));
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

}  // namespace

std::int64_t NotAfter(const x509_st* certificate) {
  std::tm time{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) {
    return 0;
  }
  return ::timegm(&time);
}

void TlsContext::Deleter::operator()(ssl_ctx_st* target) const { SSL_CTX_free(target); }

TlsContext::TlsContext(ssl_ctx_st* context) : context_(context) {}

Status TlsContext::LoadOwn(const std::string& cert_file, const std::string& key_file) {
  const std::string what = "certificate file";
  const Status readable = CheckReadable(what, cert_file);
  if (!readable.ok()) return readable;
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context_.get(), cert_file.c_str()) != 1) {
    return FileError(what, cert_file, PemProblem());
  }
  const Result<KeyPtr> key = LoadKey(key_file);
  if (!key.ok()) return key.error();
  X509* const certificate = SSL_CTX_get0_certificate(context_.get());
  ERR_clear_error();
  if (X509_check_private_key(certificate, key.value().get()) != 1) {
    return FileError("private key file", key_file,
                     "does not belong to the certificate in '" + cert_file + "'");
  }
  if (SSL_CTX_use_PrivateKey(context_.get(), key.value().get()) != 1) {
    return FileError("private key file", key_file, TlsErrorText(ERR_peek_error()));
  }
  not_after_ = NotAfter(certificate);
  return {};
}

Result<std::shared_ptr<const TlsContext>> TlsContext::ForServer(const TlsServerFiles& files) {
  const std::shared_ptr<TlsContext> made(new TlsContext(SSL_CTX_new(TLS_server_method())));
  SSL_CTX* const context = made->context_.get();
  if (context == nullptr) return Error{"TLS cannot be used: " + TlsErrorText(ERR_peek_error())};
  SetCommonRules(context);
  // A client that closes without close_notify is as common as one that closes a plain socket.
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_alpn_select_cb(context, kSelectAlpn, nullptr);
  const Status own = made->LoadOwn(files.cert_file, files.key_file);
  if (!own.ok()) return own.error();
  if (!files.client_ca_file.empty()) {
    const Status demanded = DemandClientCertificate(context, files.client_ca_file);
    if (!demanded.ok()) return demanded.error();
  }
  return std::shared_ptr<const TlsContext>(made);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::ForClient(const TlsClientFiles& files) {
  const std::shared_ptr<TlsContext> made(new TlsContext(SSL_CTX_new(TLS_client_method())));
  SSL_CTX* const context = made->context_.get();
  if (context == nullptr) return Error{"TLS cannot be used: " + TlsErrorText(ERR_peek_error())};
  SetCommonRules(context);
  if (!files.alpn.empty()) {
    const std::string list = static_cast<char>(files.alpn.size()) + files.alpn;
    SSL_CTX_set_alpn_protos(context, Bytes(list), static_cast<unsigned int>(list.size()));
  }
  made->verify_ = files.verify;
  if (files.verify != TlsVerify::kNone) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (files.root_file.empty()) {
      return Error{"the server's certificate cannot be verified without a root certificate file"};
    }
    if (files.root_file == "system") {
      SSL_CTX_set_default_verify_paths(context);
    } else {
      const Status roots = LoadRoots(context, files.root_file);
      if (!roots.ok()) return roots.error();
    }
  }
  if (!files.cert_file.empty() || !files.key_file.empty()) {
    const Status own = made->LoadOwn(files.cert_file, files.key_file);
    if (!own.ok()) return own.error();
  }
  return std::shared_ptr<const TlsContext>(made);
}

}  // namespace pgsidecar::net
