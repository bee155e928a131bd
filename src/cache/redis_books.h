#pragma once

#include <array>

#include "cache/redis_failure.h"
#include "metrics/registry.h"

namespace pgsidecar::cache {

/// The books about Redis as a store. Thread-safe.
class RedisBooks {
 public:
  RedisBooks(metrics::Registry& registry, bool authenticated);

  void Error(RedisFailure failure) { errors_[static_cast<std::size_t>(failure)]->Increment(); }
  void Read(double seconds) { get_.Observe(seconds); }
  void Write(double seconds) { set_.Observe(seconds); }
  /// An event that was told to the log, or a value that was unlinked.
  void Invalidation(double seconds) { invalidate_.Observe(seconds); }
  void Lag(double seconds) { lag_.Set(seconds); }
  void Up(bool up) { up_.Set(up ? 1 : 0); }

 private:
  std::array<metrics::Counter*, kStoreErrorNames.size()> errors_{};
  metrics::Histogram& get_;
  metrics::Histogram& set_;
  metrics::Histogram& invalidate_;
  metrics::Gauge& lag_;
  metrics::Gauge& up_;
};

}  // namespace pgsidecar::cache
