#include "wire/upstream_server.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "wire/wire_metrics.h"

namespace pgsidecar::wire {
namespace {

constexpr Nanos kFailAtOnceFor = kNanosPerSecond;
constexpr Nanos kProbeAfter = 5 * kNanosPerSecond;

}  // namespace

UpstreamServer::UpstreamServer(metrics::Registry& registry, std::string name)
    : registry_(registry),
      name_(std::move(name)),
      up_(registry.AddGauge(kUpstreamUp, {name_})),
      connect_duration_(registry.AddHistogram(kUpstreamConnectDurationSeconds, {name_})) {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    connections_[i] = &registry.AddGauge(kUpstreamConnections, {name_, kUpstreamStateNames[i]});
  }
  for (std::size_t i = 0; i < errors_.size(); ++i) {
    errors_[i] =
        &registry.AddCounter(kUpstreamConnectErrorsTotal, {name_, net::kConnectFailureNames[i]});
  }
}

UpstreamServer::~UpstreamServer() {
  registry_.Remove(up_);
  registry_.Remove(connect_duration_);
  for (metrics::Gauge* each : connections_) registry_.Remove(*each);
  for (metrics::Counter* each : errors_) registry_.Remove(*each);
  if (info_ != nullptr) registry_.Remove(*info_);
  if (is_primary_ != nullptr) registry_.Remove(*is_primary_);
}

void UpstreamServer::OnConnected(Nanos now) {
  last_attempt_.store(now, std::memory_order_relaxed);
  up_.Set(1);
  const std::lock_guard lock(mutex_);
  if (failed_at_ != 0) spdlog::info("PostgreSQL at {} can be reached again", name_);
  failed_at_ = 0;
}

void UpstreamServer::OnFailed(Nanos now, net::ConnectFailure reason, const std::string& text) {
  last_attempt_.store(now, std::memory_order_relaxed);
  Errors(reason).Increment();
  if (reason == net::ConnectFailure::kResources) return;
  up_.Set(0);
  const std::lock_guard lock(mutex_);
  if (failed_at_ == 0) spdlog::warn("PostgreSQL at {} cannot be reached: {}", name_, text);
  failed_at_ = now;
  failure_ = text;
}

void UpstreamServer::SetRole(Nanos now, const ServerRole& role) {
  if (!role.known()) return;
  const std::lock_guard lock(mutex_);
  role_ = {role, now};
  if (is_primary_ == nullptr) is_primary_ = &registry_.AddGauge(kUpstreamIsPrimary, {name_});
  is_primary_->Set(*role.hot_standby ? 0 : 1);
}

void UpstreamServer::SetServerVersion(std::string_view version) {
  const std::lock_guard lock(mutex_);
  if (version_ == version) return;
  if (info_ != nullptr) registry_.Remove(*info_);
  version_ = version;
  info_ = &registry_.AddInfo(kUpstreamInfo, {name_, version_});
}

bool UpstreamServer::up() const {
  const std::lock_guard lock(mutex_);
  return failed_at_ == 0;
}

std::optional<std::string> UpstreamServer::RecentFailure(Nanos now) const {
  const std::lock_guard lock(mutex_);
  if (failed_at_ == 0 || now - failed_at_ >= kFailAtOnceFor) return std::nullopt;
  return failure_;
}

bool UpstreamServer::ProbeDue(Nanos now) const {
  return now - last_attempt_.load(std::memory_order_relaxed) >= kProbeAfter;
}

UpstreamServer::SeenRole UpstreamServer::role() const {
  const std::lock_guard lock(mutex_);
  return role_;
}

}  // namespace pgsidecar::wire
