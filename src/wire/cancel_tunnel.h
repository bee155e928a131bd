#pragma once

#include <string>
#include <string_view>

#include "net/connector.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "wire/connection.h"

namespace pgsidecar::wire {

class WireLoop;

/// A CancelRequest with this process id and secret (PostgreSQL manual, "Message Formats").
std::string CancelRequest(std::string_view key);

/// Carries one CancelRequest to PostgreSQL on a connection of its own. A client that sent it is
/// closed only after PostgreSQL closed its side, that is, after it handled the request: many
/// drivers take the close as the sign that the cancel is done. 10 s for all of it.
class CancelTunnel final : public Connection, public net::ConnectHandler, public net::FdHandler {
 public:
  /// `client`: who waits for the close, or none if the request is our own.
  CancelTunnel(WireLoop& loop, std::string request, UniqueFd client);
  ~CancelTunnel() override;

  void Start();
  void Quiesce() override;
  void OnConnected(UniqueFd fd) override;
  void OnConnectFailed(net::ConnectFailure reason, const std::string& text) override;
  void OnReadable() override;
  void OnWritable() override {}

 private:
  void OnTimeout();

  WireLoop& loop_;
  const std::string request_;
  UniqueFd client_;
  net::Connector connector_;
  net::Transport server_;
  net::FdWatcher watcher_;
  net::Timer timer_;
};

}  // namespace pgsidecar::wire
