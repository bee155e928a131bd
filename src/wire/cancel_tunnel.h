#pragma once

#include <string>
#include <string_view>

#include "net/event_loop.h"
#include "net/socket.h"
#include "wire/cancel_directory.h"
#include "wire/connection.h"
#include "wire/upstream_connector.h"

namespace pgsidecar::wire {

class WireLoop;

/// A CancelRequest with this process id and secret (PostgreSQL manual, "Message Formats").
std::string CancelRequest(std::string_view key);

/// Carries one CancelRequest to PostgreSQL on a connection of its own, encrypted as the session's
/// is. A client that sent it is closed only after PostgreSQL closed its side, that is, after it
/// handled the request: many drivers take the close as the sign that the cancel is done. 10 s for
/// all of it.
class CancelTunnel final : public Connection, public UpstreamHandler, public net::FdHandler {
 public:
  /// `client`: who waits for the close; not open if the request is our own.
  CancelTunnel(WireLoop& loop, std::string request, net::Transport client);
  ~CancelTunnel() override;

  void Start(CancelRoute route);
  void Quiesce() override;
  void OnUpstream(UpstreamLink link) override;
  void OnUpstreamFailed(const std::string& reasons) override;
  void OnReadable() override;
  void OnWritable() override {}

 private:
  void OnTimeout();

  WireLoop& loop_;
  const std::string request_;
  net::Transport client_;
  UpstreamConnector connector_;
  net::Transport server_;
  net::FdWatcher watcher_;
  net::Timer timer_;
};

}  // namespace pgsidecar::wire
