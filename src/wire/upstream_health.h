#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "metrics/registry.h"
#include "net/connector.h"

namespace pgsidecar::wire {

/// What is known about the PostgreSQL server from the attempts to connect to it. Thread-safe.
class UpstreamHealth {
 public:
  /// `upstream`: the value of the label.
  UpstreamHealth(metrics::Registry& registry, std::string upstream);

  void OnConnected(Nanos now);
  /// A failure for want of our own descriptors says nothing about the server and is not taken in.
  void OnFailed(Nanos now, net::ConnectFailure reason, const std::string& text);
  /// Why the last attempt failed, if that was less than a second ago: trying again at once would
  /// only make the client wait for the same answer.
  std::optional<std::string> RecentFailure(Nanos now) const;
  /// Whether nobody tried to connect in the last 5 s.
  bool ProbeDue(Nanos now) const;

  bool reached() const { return reached_.load(std::memory_order_relaxed); }  ///< Once, latched.
  /// Names the server's version in the info series; the newest one stays.
  void SetServerVersion(std::string_view version);

 private:
  metrics::Registry& registry_;
  const std::string upstream_;
  metrics::Gauge& up_;
  std::atomic<bool> reached_{false};
  std::atomic<Nanos> last_attempt_{0};

  mutable std::mutex mutex_;
  Nanos failed_at_ = 0;             // guarded by mutex_; 0: the last attempt succeeded
  std::string failure_;             // guarded by mutex_
  std::string version_;             // guarded by mutex_
  metrics::Gauge* info_ = nullptr;  // guarded by mutex_
};

}  // namespace pgsidecar::wire
