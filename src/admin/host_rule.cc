#include "admin/host_rule.h"

#include <arpa/inet.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

namespace pgsidecar::admin {
namespace {

constexpr std::uint32_t kLoopbackNet = 127;  // The first byte of an IPv4 address.

struct HostPort {
  std::string host;  ///< Without brackets.
  bool bracketed = false;
  std::optional<int> port;
};

std::optional<int> ParsePort(std::string_view text) {
  int port = 0;
  const char* end = text.data() + text.size();
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto result = std::from_chars(text.data(), end, port);
  if (result.ec != std::errc{} || result.ptr != end || port > 65535) return std::nullopt;
  return port;
}

/// No part has a zero byte, at which the C functions below would stop.
std::optional<HostPort> Split(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  HostPort out;
  std::size_t end = std::min(text.find(':'), text.size());
  if (!text.empty() && text.front() == '[') {
    end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    out.bracketed = true;
    out.host = text.substr(1, end - 1);
    ++end;
  } else {
    out.host = text.substr(0, end);
  }
  const std::string_view rest = text.substr(end);
  if (rest.empty()) return out;
  out.port = rest.front() == ':' ? ParsePort(rest.substr(1)) : std::nullopt;
  if (!out.port) return std::nullopt;
  return out;
}

bool IsName(const std::string& host, const char* name) {
  return strcasecmp(host.c_str(), name) == 0;
}

}  // namespace

bool IsLocalHost(std::string_view host) {
  const auto split = Split(host);
  if (!split) return false;
  in6_addr address{};
  if (split->bracketed) return inet_pton(AF_INET6, split->host.c_str(), &address) == 1;
  return IsName(split->host, "localhost") || inet_pton(AF_INET, split->host.c_str(), &address) == 1;
}

std::optional<std::string> HostName(std::string_view host) {
  auto split = Split(host);
  if (!split || split->bracketed || split->host.empty()) return std::nullopt;
  return std::move(split->host);
}

bool IsSameOrigin(std::string_view origin, std::string_view host) {
  constexpr std::string_view kScheme = "http://";
  if (!origin.starts_with(kScheme)) return false;
  origin.remove_prefix(kScheme.size());
  return origin.size() == host.size() && host.find('\0') == std::string_view::npos &&
         strncasecmp(origin.data(), host.data(), host.size()) == 0;
}

std::string ListenAddress::ToString() const {
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<ListenAddress> ParseListenAddress(std::string_view text) {
  const auto split = Split(text);
  if (!split || !split->port) return std::nullopt;
  ListenAddress out;
  out.host = IsName(split->host, "localhost") ? "127.0.0.1" : split->host;
  out.port = *split->port;
  out.ipv6 = split->bracketed;
  if (out.ipv6) {
    in6_addr address{};
    if (inet_pton(AF_INET6, out.host.c_str(), &address) != 1) return std::nullopt;
    out.loopback = IN6_IS_ADDR_LOOPBACK(&address) ||
                   (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == kLoopbackNet);
    return out;
  }
  in_addr address{};
  if (inet_pton(AF_INET, out.host.c_str(), &address) != 1) return std::nullopt;
  out.loopback = (ntohl(address.s_addr) >> 24) == kLoopbackNet;
  return out;
}

}  // namespace pgsidecar::admin
