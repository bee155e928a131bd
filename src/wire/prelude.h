#pragma once

#include <string>
#include <string_view>

#include "net/event_loop.h"
#include "net/socket.h"
#include "pgwire/startup.h"
#include "wire/connection.h"
#include "wire/instruments.h"

namespace pgsidecar::wire {

class WireLoop;

/// A client whose StartupMessage is complete.
struct NewClient {
  UniqueFd fd;
  net::SocketAddress peer;
  Nanos accepted = 0;
  std::string bytes;  ///< The StartupMessage, and what came behind it.
  pgwire::FirstPacket startup;
};

/// Reads what a client says first and decides what the connection is: a session, a cancel request,
/// or nothing we serve. Holds at most one startup packet.
class Prelude final : public Connection, public net::FdHandler {
 public:
  Prelude(WireLoop& loop, UniqueFd fd, const net::SocketAddress& peer);
  ~Prelude() override;

  void Start();
  void Quiesce() override;
  void OnReadable() override;
  void OnWritable() override {}

 private:
  /// Looks at the bytes so far. Returns whether more must be read.
  bool Decide();
  /// SSLRequest and GSSENCRequest: no. Once each, and nothing may stand behind them.
  bool DeclineEncryption(bool& declined_before);
  void Cancel(const pgwire::FirstPacket& packet);
  void Refuse(std::string_view sqlstate, std::string_view text, RejectReason reason);
  void OnTimeout();

  WireLoop& loop_;
  net::Transport transport_;
  net::SocketAddress peer_;
  const Nanos accepted_;
  net::FdWatcher watcher_;
  net::Timer timer_;
  std::string bytes_;
  bool ssl_declined_ = false;
  bool gssenc_declined_ = false;
};

}  // namespace pgsidecar::wire
