#pragma once

#include <string>

#include "wire/upstream_connector.h"
#include "wire/wire_shared.h"

namespace pgsidecar::wire {

/// Connects to one PostgreSQL server as a session would, up to and with TLS, and closes again, so
/// that `upstream_up` is known when no client comes. PostgreSQL does not log a connection that says
/// nothing. Loop thread only.
class ServerProbe final : public UpstreamHandler {
 public:
  ServerProbe(net::EventLoop& loop, WireShared& shared, WireSettingsPtr settings,
              UpstreamTarget target);

  /// Starts an attempt if one is due and none runs.
  void Tick(Nanos now);

  void OnUpstream(UpstreamLink link) override;
  void OnUpstreamFailed(const std::string& reasons) override;

 private:
  WireShared& shared_;
  const WireSettingsPtr settings_;
  const UpstreamTarget target_;
  UpstreamConnector connector_;
  bool running_ = false;
};

}  // namespace pgsidecar::wire
