#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;
struct x509_st;

namespace pgsidecar::net {

/// What a client demands of the server's certificate.
enum class TlsVerify : std::uint8_t {
  kNone,  ///< Nothing.
  kCa,    ///< Signed by a certificate in the root file.
  kFull,  ///< That, and made out for the name the client asked for.
};

struct TlsServerFiles {
  std::string cert_file;       ///< PEM: our certificate, then the ones between it and the root.
  std::string key_file;        ///< PEM, without passphrase.
  std::string client_ca_file;  ///< Empty, or clients must show a certificate signed by one in here.
};

struct TlsClientFiles {
  TlsVerify verify = TlsVerify::kNone;
  std::string root_file;  ///< PEM, or `system`. Read only if something is verified.
  std::string cert_file;  ///< Empty, or our certificate for servers that ask for one.
  std::string key_file;
  std::string alpn = "postgresql";  ///< The protocol that is named; empty to name none.
};

/// Certificates, keys and rules of one side of TLS: TLS 1.2 or newer, ALPN `postgresql` unless the
/// client's files say otherwise, neither renegotiation nor compression nor resumption. Immutable
/// and thread-safe; shared by the settings that made it and the sessions that were started with
/// them.
class TlsContext {
 public:
  /// The server refuses a client that offers other protocols by ALPN; offering none is fine here.
  /// Errors name the file and the problem. An expired certificate is none: see not_after.
  static Result<std::shared_ptr<const TlsContext>> ForServer(const TlsServerFiles& files);
  static Result<std::shared_ptr<const TlsContext>> ForClient(const TlsClientFiles& files);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// When our own certificate expires, in Unix seconds; 0 if we have none.
  std::int64_t not_after() const { return not_after_; }
  TlsVerify verify() const { return verify_; }  ///< kNone for a server.
  ssl_ctx_st* native() const { return context_.get(); }

 private:
  struct Deleter {
    void operator()(ssl_ctx_st* target) const;
  };
  explicit TlsContext(ssl_ctx_st* context);
  Status LoadOwn(const std::string& cert_file, const std::string& key_file);

  std::unique_ptr<ssl_ctx_st, Deleter> context_;
  std::int64_t not_after_ = 0;
  TlsVerify verify_ = TlsVerify::kNone;
};

/// When a certificate expires, in Unix seconds; 0 for null.
std::int64_t NotAfter(const x509_st* certificate);

}  // namespace pgsidecar::net
