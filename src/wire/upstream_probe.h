#pragma once

#include <string>

#include "net/connector.h"
#include "wire/wire_shared.h"

namespace pgsidecar::wire {

/// Connects to PostgreSQL and closes again, so that `upstream_up` is known when no client comes.
/// PostgreSQL does not log a connection that says nothing. Loop thread only.
class UpstreamProbe final : public net::ConnectHandler {
 public:
  UpstreamProbe(net::EventLoop& loop, WireShared& shared);

  /// Starts a probe if one is due and none runs.
  void Tick(Nanos now);
  void Stop() { connector_.Cancel(); }

  void OnConnected(UniqueFd fd) override;
  void OnConnectFailed(net::ConnectFailure reason, const std::string& text) override;

 private:
  net::EventLoop& loop_;
  WireShared& shared_;
  net::Connector connector_;
  bool running_ = false;
};

}  // namespace pgsidecar::wire
