#include "wire/upstream_probe.h"

namespace pgsidecar::wire {

UpstreamProbe::UpstreamProbe(net::EventLoop& loop, WireShared& shared)
    : loop_(loop), shared_(shared), connector_(loop, *shared.resolver, *this) {}

void UpstreamProbe::Tick(Nanos now) {
  if (running_ || !shared_.upstream.ProbeDue(now)) return;
  running_ = true;
  connector_.Start(shared_.upstream_endpoint(), shared_.options.upstream.connect_timeout);
}

void UpstreamProbe::OnConnected(UniqueFd /*closed at once*/) {
  running_ = false;
  shared_.upstream.OnConnected(loop_.Now());
}

void UpstreamProbe::OnConnectFailed(net::ConnectFailure reason, const std::string& text) {
  running_ = false;
  shared_.upstream.OnFailed(loop_.Now(), reason, text);
  shared_.instruments.connect_errors[static_cast<std::size_t>(reason)]->Increment();
}

}  // namespace pgsidecar::wire
