#include "cache/redis_breaker.h"

#include <algorithm>

namespace pgsidecar::cache {
namespace {

constexpr Nanos kSliceNanos = kNanosPerSecond / 10;

std::int64_t SliceNumber(Nanos now) { return now / kSliceNanos; }

}  // namespace

RedisBreaker::Slice& RedisBreaker::SliceAt(Nanos now) {
  const std::int64_t number = SliceNumber(now);
  Slice& slice = slices_[static_cast<std::size_t>(number) % kSlices];
  if (slice.number != number) slice = {.number = number};
  return slice;
}

void RedisBreaker::Succeed(Nanos now) {
  in_a_row_ = 0;
  ++SliceAt(now).succeeded;
}

bool RedisBreaker::Fail(Nanos now, RedisFailure failure) {
  ++in_a_row_;
  ++SliceAt(now).failed;
  if (open_) return false;
  const bool at_once = failure == RedisFailure::kAuth || failure == RedisFailure::kCluster;
  open_ = at_once || in_a_row_ >= kFailuresInARow || MostFailed(now);
  return open_;
}

bool RedisBreaker::MostFailed(Nanos now) const {
  const std::int64_t oldest = SliceNumber(now) - static_cast<std::int64_t>(kSlices) + 1;
  int succeeded = 0;
  int failed = 0;
  for (const Slice& each : slices_) {
    if (each.number < oldest) continue;
    succeeded += each.succeeded;
    failed += each.failed;
  }
  return succeeded + failed >= kWindowMin && failed > succeeded;
}

void RedisBreaker::Close() {
  slices_ = {};
  in_a_row_ = 0;
  probes_failed_ = 0;
  open_ = false;
}

std::chrono::nanoseconds RedisBreaker::NextPause(RedisFailure failure, double random) {
  if (failure == RedisFailure::kAuth) return kAuthPause;
  if (failure == RedisFailure::kCluster) return kClusterPause;
  constexpr int kDoublingsMax = 7;  // 100 ms × 2⁷ is above 10 s.
  const auto grown = kFirstPause * (1 << std::min(probes_failed_, kDoublingsMax));
  probes_failed_ = std::min(probes_failed_ + 1, kDoublingsMax);
  const std::chrono::nanoseconds limit = std::min<std::chrono::nanoseconds>(grown, kLongestPause);
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>(static_cast<double>(limit.count()) * random));
}

}  // namespace pgsidecar::cache
