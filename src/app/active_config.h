#pragma once

#include <mutex>
#include <string>

#include "base/clock.h"
#include "config/config.h"
#include "metrics/registry.h"

namespace pgsidecar::app {

/// The configuration in use, and the metrics that tell about it. Main thread only, except where
/// another is said.
class ActiveConfig {
 public:
  /// `registry` and `clock` outlive it.
  ActiveConfig(config::Config config, metrics::Registry& registry, const Clock& clock);

  const config::Config& get() const { return config_; }
  std::string upstream() const;  ///< `db:5432`. Thread-safe.

  /// After a reload that succeeded.
  void Replace(config::Config next);
  /// After one that failed.
  void Keep() { reload_successful_.Set(0); }

 private:
  config::Config config_;
  metrics::Registry& registry_;
  const Clock& clock_;
  metrics::Gauge* info_;  ///< The series with the hash of `config_`.
  metrics::Gauge& reload_successful_;
  metrics::Gauge& reload_time_;

  mutable std::mutex mutex_;
  std::string upstream_;  ///< Guarded by mutex_.
};

}  // namespace pgsidecar::app
