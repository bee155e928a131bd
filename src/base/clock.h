#pragma once

#include <chrono>
#include <cstdint>

namespace pgsidecar {

/// Nanoseconds of the monotonic clock. A plain integer: it is stored for every statement.
using Nanos = std::int64_t;

constexpr Nanos kNanosPerSecond = 1'000'000'000;

constexpr double ToSeconds(Nanos nanos) { return static_cast<double>(nanos) * 1e-9; }

template <class Rep, class Period>
constexpr Nanos ToNanos(std::chrono::duration<Rep, Period> duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

/// Source of time, so that tests can hold it still. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Monotonic time.
  virtual Nanos Now() const = 0;
  /// Wall clock, nanoseconds since the Unix epoch.
  virtual Nanos UnixNow() const = 0;
};

/// CLOCK_MONOTONIC and CLOCK_REALTIME.
class SystemClock final : public Clock {
 public:
  Nanos Now() const override {
    return ToNanos(std::chrono::steady_clock::now().time_since_epoch());
  }
  Nanos UnixNow() const override {
    return ToNanos(std::chrono::system_clock::now().time_since_epoch());
  }
};

}  // namespace pgsidecar
