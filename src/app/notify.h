#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "config/environment.h"

namespace pgsidecar::app {

/// What the service manager wants to hear and where (sd_notify(3), sd_watchdog_enabled(3)).
struct NotifyOptions {
  std::string socket;                    ///< Path, `@name` of an abstract socket, or empty.
  std::chrono::nanoseconds watchdog{0};  ///< The longest silence, or 0.
};

/// From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; the watchdog only if it is for `process`.
NotifyOptions ReadNotifyOptions(const config::Environment& environment, pid_t process);

/// Tells the service manager how this process is. Without a socket it does nothing; what cannot be
/// sent is lost. Main thread only.
class Notifier {
 public:
  explicit Notifier(const NotifyOptions& options);

  void Ready(std::string_view status);
  void Reloading(Nanos now);  ///< Ready must follow.
  void Stopping(std::string_view status);
  /// Feeds the watchdog when half of its time is over. To be called while the process is well.
  void KeepAlive(Nanos now);
  /// How long until KeepAlive is due, at most `limit`.
  std::chrono::milliseconds Pause(Nanos now, std::chrono::milliseconds limit) const;

 private:
  void Send(const std::string& state);
  void Complain(std::string_view problem);

  const Nanos interval_;  ///< Between two signs of life, or 0.
  Nanos due_ = 0;
  UniqueFd socket_;  ///< None: nobody listens.
  sockaddr_storage address_{};
  socklen_t address_size_ = 0;
  bool complained_ = false;
};

}  // namespace pgsidecar::app
