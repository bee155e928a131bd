#pragma once

#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "net/tls_context.h"

namespace pgsidecar::net {

class TlsHandler {
 public:
  virtual ~TlsHandler() = default;
  /// Bytes that came together with the handshake's last ones make the transport pending().
  virtual void OnTlsReady(Transport transport) = 0;
  /// The connection is closed; `text` is the reason, for a person.
  virtual void OnTlsFailed(const std::string& text) = 0;
};

struct TlsOptions {
  /// Client: the host name or IP address that the certificate must be made out for with
  /// TlsVerify::kFull; a name is also told to the server (SNI). May be empty without kFull.
  std::string server_name;
  /// Server: the client must name the protocol by ALPN, as direct TLS does.
  bool require_alpn = false;
};

/// Drives one handshake on a connected, non-blocking socket. Calls its handler exactly once, never
/// from within Start; the handler may destroy it or start it again. Destroying or Cancel forgets
/// the handshake and closes the socket. Has no deadline: its owner has one. Loop thread only.
class TlsHandshake final : public FdHandler {
 public:
  TlsHandshake(EventLoop& loop, TlsHandler& handler) : handler_(handler), watcher_(loop, *this) {}
  ~TlsHandshake() override { watcher_.Detach(); }

  /// We are the server. The context needs not outlive the call.
  void StartServer(UniqueFd fd, const std::shared_ptr<const TlsContext>& context,
                   const TlsOptions& options);
  /// We are the client.
  void StartClient(UniqueFd fd, const std::shared_ptr<const TlsContext>& context,
                   const TlsOptions& options);
  void Cancel();
  bool active() const { return static_cast<bool>(fd_); }

  void OnReadable() override { Continue(); }
  void OnWritable() override { Continue(); }

 private:
  /// False if OpenSSL has no memory, or does not take the name.
  bool Open(const TlsContext& context);
  bool SetServerName(TlsVerify verify);
  void Continue();
  void Finish();
  void Fail(std::string text);

  TlsHandler& handler_;
  TlsOptions options_;
  UniqueFd fd_;
  SslPtr ssl_;
  FdWatcher watcher_;
};

}  // namespace pgsidecar::net
