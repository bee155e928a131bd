#pragma once

#include <string>
#include <string_view>

#include "net/event_loop.h"
#include "net/socket.h"
#include "net/tls_handshake.h"
#include "pgwire/startup.h"
#include "wire/connection.h"
#include "wire/instruments.h"
#include "wire/wire_settings.h"

namespace pgsidecar::wire {

class WireLoop;

/// A client whose StartupMessage is complete, or one of a pass-through listener.
struct NewClient {
  net::Transport transport;
  net::SocketAddress peer;
  Nanos accepted = 0;
  std::string bytes;  ///< The StartupMessage, and what came behind it.
  pgwire::FirstPacket startup;
  bool pass_through = false;
};

/// Reads what a client says first and decides what the connection is: a session, a cancel request,
/// or nothing we serve. Encrypts it if the client asks and the settings allow. Holds at most one
/// startup packet.
class Prelude final : public Connection, public net::FdHandler, public net::TlsHandler {
 public:
  Prelude(WireLoop& loop, UniqueFd fd, const net::SocketAddress& peer);
  ~Prelude() override;

  void Start();
  void Quiesce() override;
  void OnReadable() override;
  void OnWritable() override {}
  void OnTlsReady(net::Transport transport) override;
  void OnTlsFailed(const std::string& text) override;

 private:
  /// Watches the transport, which may be new.
  void Watch();
  /// Whether the client begins with TLS instead of a packet (PostgreSQL 17, sslnegotiation=direct).
  /// Nothing of it is read then.
  bool IsDirectTls();
  /// Looks at the bytes so far. Returns whether more must be read.
  bool Decide();
  /// SSLRequest and GSSENCRequest: once each, never under TLS, and nothing may stand behind them.
  bool AnswerRequest(bool& asked_before, char answer);
  void StartTls(bool direct);
  bool StartSession(const pgwire::FirstPacket& packet);
  void Cancel(const pgwire::FirstPacket& packet);
  bool may_encrypt() const { return settings_->client_tls != nullptr && !peer_.is_unix(); }
  void Refuse(std::string_view sqlstate, std::string_view text, RejectReason reason);
  void OnTimeout();

  WireLoop& loop_;
  const WireSettingsPtr settings_;
  net::Transport transport_;
  net::SocketAddress peer_;
  const Nanos accepted_;
  net::FdWatcher watcher_;
  net::TlsHandshake handshake_;
  net::Timer timer_;
  std::string bytes_;
  bool ssl_asked_ = false;
  bool gssenc_asked_ = false;
};

}  // namespace pgsidecar::wire
