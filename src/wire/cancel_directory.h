#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "wire/wire_settings.h"

namespace pgsidecar::wire {

/// Where a CancelRequest has to go: the address that its session uses, by that session's settings.
struct CancelRoute {
  WireSettingsPtr settings;
  UpstreamTarget target;
};

/// The routes of all open sessions by the key that PostgreSQL gave them (process id and secret), so
/// that a cancel finds its server among several. At most one per session. Thread-safe.
class CancelDirectory {
 public:
  void Add(const std::string& key, CancelRoute route);
  void Remove(const std::string& key);
  /// The route of a key, or `fallback` for one that is not known.
  CancelRoute Find(std::string_view key, CancelRoute fallback) const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, CancelRoute> routes_;  // Guarded by mutex_.
};

}  // namespace pgsidecar::wire
