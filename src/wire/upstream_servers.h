#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "wire/upstream_server.h"

namespace pgsidecar::wire {

/// Shared by the directory, the settings that name the server and the sessions that use it.
using UpstreamServerPtr = std::shared_ptr<UpstreamServer>;

/// A server, and how to get there by the settings at hand.
struct UpstreamTarget {
  UpstreamServerPtr server;
  UpstreamHost host;
  net::Endpoint endpoint;  ///< Where to connect; of one address if only that will do.
};

/// All servers that are in use, so that a reload that names one again keeps what is known of it.
/// Thread-safe.
class ServerDirectory {
 public:
  explicit ServerDirectory(metrics::Registry& registry) : registry_(registry) {}
  /// The server of that name, found or made.
  UpstreamServerPtr Get(const std::string& name);
  /// Forgets those that nobody else refers to.
  void Prune();

 private:
  metrics::Registry& registry_;
  std::mutex mutex_;
  std::vector<UpstreamServerPtr> known_;  // Guarded by mutex_.
};

/// The servers of one configuration, and which of them a new session should try. Thread-safe.
class UpstreamServers {
 public:
  UpstreamServers(const Upstream& upstream, ServerDirectory& directory);

  /// In the order in which a session should try them: those that answered last before those that
  /// did not; then those whose role is the wanted one, is unknown, is another one, the oldest
  /// knowledge first; then as configured.
  std::vector<UpstreamTarget> InOrder() const;
  /// Whether a session may stay on `server`, which said that it has `role`.
  Suitability Accepts(const UpstreamServer& server, const ServerRole& role) const;
  /// The reason of each server, if all failed less than a second ago.
  std::optional<std::string> RecentFailure(Nanos now) const;

  const std::vector<UpstreamTarget>& all() const { return targets_; }
  TargetSession wanted() const { return wanted_; }

 private:
  const TargetSession wanted_;
  std::vector<UpstreamTarget> targets_;  // Constant after construction.
};

/// Adds one server's reason to those of others: `a:5432: connection refused; b:5432: …`.
void AppendReason(std::string& reasons, const UpstreamServer& server, const std::string& reason);

}  // namespace pgsidecar::wire
