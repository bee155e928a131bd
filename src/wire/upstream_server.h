#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "metrics/registry.h"
#include "net/connector.h"
#include "wire/server_role.h"

namespace pgsidecar::wire {

/// The label `state` of upstream connections.
enum class UpstreamState : std::uint8_t { kConnecting, kAuthenticating, kReady };
constexpr std::array<std::string_view, 3> kUpstreamStateNames = {"connecting", "authenticating",
                                                                 "ready"};

/// One PostgreSQL server: what is known of it from the attempts to connect to it, and its
/// instruments. Its series leave with it. Thread-safe.
class UpstreamServer {
 public:
  /// `name`: `db:5432`, the label `upstream`. No other server of that name may exist.
  UpstreamServer(metrics::Registry& registry, std::string name);
  ~UpstreamServer();
  UpstreamServer(const UpstreamServer&) = delete;
  UpstreamServer& operator=(const UpstreamServer&) = delete;

  const std::string& name() const { return name_; }

  void OnConnected(Nanos now);
  /// A failure for want of our own descriptors says nothing about the server: it is counted only.
  void OnFailed(Nanos now, net::ConnectFailure reason, const std::string& text);
  /// A session learned what the server is.
  void SetRole(Nanos now, const ServerRole& role);
  /// The role was not the wanted one.
  void CountRoleMismatch() { Errors(net::ConnectFailure::kRole).Increment(); }
  /// Names the server's version in the info series; the newest one stays.
  void SetServerVersion(std::string_view version);

  /// Whether the last attempt succeeded, or nobody tried yet.
  bool up() const;
  /// Why the last attempt failed, if that was less than a second ago: trying again at once would
  /// only make the client wait for the same answer.
  std::optional<std::string> RecentFailure(Nanos now) const;
  /// Whether nobody tried to connect in the last 5 s.
  bool ProbeDue(Nanos now) const;

  struct SeenRole {
    ServerRole role;
    Nanos at = 0;  ///< 0: never.
  };
  SeenRole role() const;

  metrics::Gauge& connections(UpstreamState state) {
    return *connections_[static_cast<std::size_t>(state)];
  }
  metrics::Histogram& connect_duration() { return connect_duration_; }

 private:
  metrics::Counter& Errors(net::ConnectFailure reason) {
    return *errors_[static_cast<std::size_t>(reason)];
  }

  metrics::Registry& registry_;
  const std::string name_;
  metrics::Gauge& up_;
  metrics::Histogram& connect_duration_;
  std::array<metrics::Gauge*, kUpstreamStateNames.size()> connections_{};
  std::array<metrics::Counter*, net::kConnectFailureNames.size()> errors_{};
  std::atomic<Nanos> last_attempt_{0};

  mutable std::mutex mutex_;
  Nanos failed_at_ = 0;                   // guarded by mutex_; 0: the last attempt succeeded
  std::string failure_;                   // guarded by mutex_
  std::string version_;                   // guarded by mutex_
  metrics::Gauge* info_ = nullptr;        // guarded by mutex_
  SeenRole role_;                         // guarded by mutex_
  metrics::Gauge* is_primary_ = nullptr;  // guarded by mutex_; none before the role is known
};

}  // namespace pgsidecar::wire
