#include "app/notify.h"

#include <spdlog/spdlog.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/text.h"

namespace pgsidecar::app {
namespace {

std::string_view ValueOf(const config::Environment& environment, std::string_view name) {
  for (const auto& [key, value] : environment) {
    if (key == name) return value;
  }
  return {};
}

std::optional<std::int64_t> Number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// One line, as the manager shows it.
std::string StatusLine(std::string_view status) {
  constexpr std::size_t kStatusBytesMax = 512;
  return "STATUS=" + PrintableText(status, kStatusBytesMax);
}

}  // namespace

NotifyOptions ReadNotifyOptions(const config::Environment& environment, pid_t process) {
  constexpr std::int64_t kWatchdogMax = 86'400'000'000;  // A day; keeps nanoseconds in range.
  NotifyOptions options{std::string(ValueOf(environment, "NOTIFY_SOCKET")), {}};
  const std::string_view watched = ValueOf(environment, "WATCHDOG_PID");
  const auto microseconds = Number(ValueOf(environment, "WATCHDOG_USEC"));
  if (!microseconds || *microseconds <= 0) return options;
  if (!watched.empty() && Number(watched) != process) return options;
  options.watchdog = std::chrono::microseconds(std::min(*microseconds, kWatchdogMax));
  return options;
}

Notifier::Notifier(const NotifyOptions& options)
    : interval_(options.socket.empty() ? 0 : ToNanos(options.watchdog) / 2) {
  if (options.socket.empty()) return;
  auto* address = reinterpret_cast<sockaddr_un*>(&address_);
  const bool abstract = options.socket.front() == '@';
  if ((!abstract && options.socket.front() != '/') ||
      options.socket.size() >= sizeof address->sun_path) {
    Complain("NOTIFY_SOCKET is neither a path nor an abstract socket");
    return;
  }
  address->sun_family = AF_UNIX;
  std::memcpy(address->sun_path, options.socket.data(), options.socket.size());
  if (abstract) address->sun_path[0] = '\0';
  address_size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + options.socket.size());
  socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) Complain(std::strerror(errno));
}

void Notifier::Ready(std::string_view status) { Send("READY=1\n" + StatusLine(status)); }

void Notifier::Reloading(Nanos now) {
  Send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now / 1000));
}

void Notifier::Stopping(std::string_view status) { Send("STOPPING=1\n" + StatusLine(status)); }

void Notifier::KeepAlive(Nanos now) {
  if (interval_ == 0 || now < due_) return;
  due_ = now + interval_;
  Send("WATCHDOG=1");
}

std::chrono::milliseconds Notifier::Pause(Nanos now, std::chrono::milliseconds limit) const {
  if (interval_ == 0) return limit;
  const std::chrono::nanoseconds left(std::max<Nanos>(due_ - now, 0));
  return std::min(limit, std::chrono::ceil<std::chrono::milliseconds>(left));
}

void Notifier::Send(const std::string& state) {
  if (!socket_) return;
  const auto* address = reinterpret_cast<const sockaddr*>(&address_);
  if (::sendto(socket_.get(), state.data(), state.size(), MSG_NOSIGNAL, address, address_size_) <
      0) {
    Complain(std::strerror(errno));
  }
}

void Notifier::Complain(std::string_view problem) {
  if (!complained_) spdlog::debug("the service manager cannot be told anything: {}", problem);
  complained_ = true;
}

}  // namespace pgsidecar::app
