#include "wire/server_probe.h"

#include <utility>

namespace pgsidecar::wire {

ServerProbe::ServerProbe(net::EventLoop& loop, WireShared& shared, WireSettingsPtr settings,
                         UpstreamTarget target)
    : shared_(shared),
      settings_(std::move(settings)),
      target_(std::move(target)),
      connector_(loop, *shared.resolver, *this) {}

void ServerProbe::Tick(Nanos now) {
  if (running_ || !target_.server->ProbeDue(now)) return;
  running_ = true;
  connector_.Start(settings_, {target_});
}

void ServerProbe::OnUpstream(UpstreamLink /*closed at once*/) {
  running_ = false;
  shared_.upstream_reached = true;
}

void ServerProbe::OnUpstreamFailed(const std::string& /*told to the server*/) { running_ = false; }

}  // namespace pgsidecar::wire
