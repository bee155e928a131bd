#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "cache/redis_failure.h"

namespace pgsidecar::cache {

/// Decides when Redis is not worth asking: 5 failures in a row, or more than half of at least 20
/// commands within a second. Then one probe at a time, with growing pauses. Knows no clock and no
/// socket; one thread.
class RedisBreaker {
 public:
  static constexpr int kFailuresInARow = 5;
  static constexpr int kWindowMin = 20;
  static constexpr std::chrono::milliseconds kFirstPause{100};
  static constexpr std::chrono::seconds kLongestPause{10};
  static constexpr std::chrono::seconds kAuthPause{30};
  static constexpr std::chrono::seconds kClusterPause{60};

  void Succeed(Nanos now);
  /// True if this opens it. Credentials that are refused, and a cluster, open it at once.
  bool Fail(Nanos now, RedisFailure failure);
  /// Opens it whatever was counted.
  void Open() { open_ = true; }
  /// A probe and the recovery behind it succeeded.
  void Close();
  bool open() const { return open_; }

  /// How long to wait before the next probe, which `failure` ended the last one for: 100 ms × 2ⁿ,
  /// at most 10 s, all of it random (`random` in [0, 1)). Each call is one more failure.
  std::chrono::nanoseconds NextPause(RedisFailure failure, double random);

 private:
  /// Counts of one tenth of a second.
  struct Slice {
    std::int64_t number = -1;
    int succeeded = 0;
    int failed = 0;
  };
  static constexpr std::size_t kSlices = 10;

  Slice& SliceAt(Nanos now);
  bool MostFailed(Nanos now) const;

  std::array<Slice, kSlices> slices_{};
  int in_a_row_ = 0;
  int probes_failed_ = 0;
  bool open_ = false;
};

}  // namespace pgsidecar::cache
