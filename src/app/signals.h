#pragma once

#include <chrono>
#include <cstdint>

#include "base/unique_fd.h"

namespace pgsidecar::app {

enum class Event : std::uint8_t { kTerminate, kHangUp, kNotified, kTimeout };

/// Turns signals into values, also for PID 1. While it lives SIGTERM, SIGINT and SIGHUP do nothing
/// by themselves in threads started after it, and SIGPIPE is ignored. As PID 1, which orphans of
/// its container become children of, the process leaves no zombies. Create it before any thread.
class Signals {
 public:
  Signals();

  /// Waits for SIGTERM or SIGINT, SIGHUP, a Notify, or the timeout. Several Notify are one.
  Event Wait(std::chrono::milliseconds timeout);
  /// Makes Wait return kNotified. Thread-safe.
  void Notify();

 private:
  UniqueFd signals_;
  UniqueFd notified_;
};

}  // namespace pgsidecar::app
