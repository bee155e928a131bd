#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgsidecar::admin {

/// Whether the value of a Host header names this machine by itself: an IP literal or `localhost`,
/// with or without a port. A web page whose name was pointed at 127.0.0.1 has another one.
bool IsLocalHost(std::string_view host);

/// The value of a Host header without its port, or nothing if it is an IPv6 literal or no host.
std::optional<std::string> HostName(std::string_view host);

/// Whether an Origin header names the same authority as Host. `null` and other schemes do not.
bool IsSameOrigin(std::string_view origin, std::string_view host);

/// Where to listen, for civetweb.
struct ListenAddress {
  std::string host;  ///< An IP literal without brackets.
  int port = 0;
  bool ipv6 = false;
  bool loopback = false;

  std::string ToString() const;  ///< `127.0.0.1:9432`, `[::1]:9432`.
};

/// Reads `127.0.0.1:9432`, `[::1]:9432`, `localhost:9432`. Nothing if it is none of them.
std::optional<ListenAddress> ParseListenAddress(std::string_view text);

}  // namespace pgsidecar::admin
