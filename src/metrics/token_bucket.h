#pragma once

#include <algorithm>

#include "base/clock.h"

namespace pgsidecar::metrics {

/// Lets `burst` events through at once and `rate` a second on average. Starts full. Not
/// thread-safe: its owner locks.
class TokenBucket {
 public:
  TokenBucket(double rate, double burst, Nanos now)
      : rate_(rate), burst_(burst), tokens_(burst), refilled_(now) {}

  /// Takes one token if there is one.
  bool TryTake(Nanos now) {
    const double elapsed = ToSeconds(std::max<Nanos>(now - refilled_, 0));
    tokens_ = std::min(burst_, tokens_ + elapsed * rate_);
    refilled_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  const double rate_;
  const double burst_;
  double tokens_;
  Nanos refilled_;
};

}  // namespace pgsidecar::metrics
