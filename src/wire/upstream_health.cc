#include "wire/upstream_health.h"

#include "wire/wire_metrics.h"

namespace pgsidecar::wire {
namespace {

constexpr Nanos kFailAtOnceFor = kNanosPerSecond;
constexpr Nanos kProbeAfter = 5 * kNanosPerSecond;

}  // namespace

UpstreamHealth::UpstreamHealth(metrics::Registry& registry, std::string upstream)
    : registry_(registry),
      upstream_(std::move(upstream)),
      up_(registry.AddGauge(kUpstreamUp, {upstream_})) {}

void UpstreamHealth::OnConnected(Nanos now) {
  last_attempt_.store(now, std::memory_order_relaxed);
  reached_.store(true, std::memory_order_relaxed);
  up_.Set(1);
  const std::lock_guard lock(mutex_);
  failed_at_ = 0;
}

void UpstreamHealth::OnFailed(Nanos now, net::ConnectFailure reason, const std::string& text) {
  last_attempt_.store(now, std::memory_order_relaxed);
  if (reason == net::ConnectFailure::kResources) return;
  up_.Set(0);
  const std::lock_guard lock(mutex_);
  failed_at_ = now;
  failure_ = text;
}

std::optional<std::string> UpstreamHealth::RecentFailure(Nanos now) const {
  const std::lock_guard lock(mutex_);
  if (failed_at_ == 0 || now - failed_at_ >= kFailAtOnceFor) return std::nullopt;
  return failure_;
}

bool UpstreamHealth::ProbeDue(Nanos now) const {
  return now - last_attempt_.load(std::memory_order_relaxed) >= kProbeAfter;
}

void UpstreamHealth::SetServerVersion(std::string_view version) {
  const std::lock_guard lock(mutex_);
  if (version_ == version) return;
  if (info_ != nullptr) registry_.Remove(*info_);
  version_ = version;
  info_ = &registry_.AddInfo(kUpstreamInfo, {upstream_, version_});
}

}  // namespace pgsidecar::wire
