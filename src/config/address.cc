#include "config/address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "admin/options.h"
#include "config/value.h"

namespace pgsidecar::config {
namespace {

struct Split {
  std::string host;
  std::uint16_t port = 0;
};

/// At the last colon; brackets around the host are kept. No host has a zero byte, at which the
/// system's functions would stop.
std::optional<Split> SplitPort(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  Split split{std::string(text.substr(0, colon)), 0};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), split.port);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return split;
}

/// The address between the brackets, or nothing.
std::optional<std::string> Bracketed(const std::string& host) {
  if (host.size() < 3 || host.front() != '[' || host.back() != ']') return std::nullopt;
  return host.substr(1, host.size() - 2);
}

bool IsIp(const std::string& host) {
  in6_addr parsed{};
  if (const auto inner = Bracketed(host)) return inet_pton(AF_INET6, inner->c_str(), &parsed) == 1;
  return inet_pton(AF_INET, host.c_str(), &parsed) == 1;
}

/// A directory whose socket name fits into a socket address.
bool IsSocketPlace(const Split& split) {
  constexpr std::size_t kPathMax = sizeof(sockaddr_un::sun_path) - 1;
  const std::string socket = split.host + "/.s.PGSQL." + std::to_string(split.port);
  return split.host.front() == '/' && split.port != 0 && socket.size() <= kPathMax;
}

}  // namespace

Status CheckListenAddress(std::string_view text) {
  const auto split = SplitPort(text);
  if (split && (IsIp(split->host) || IsSocketPlace(*split))) return {};
  return Refuse(text, "is not a listen address", kListenAllowed);
}

Status CheckAdminAddress(std::string_view text) {
  const auto split = SplitPort(text);
  if (split && IsIp(split->host)) return {};
  if (text.ends_with('s')) return Refuse(text, admin::kNoTls, kAdminAllowed);
  return Refuse(text, "is not a listen address", kAdminAllowed);
}

bool IsLoopback(std::string_view text) {
  const std::string host = SplitPort(text).value_or(Split{}).host;
  if (const auto inner = Bracketed(host)) {
    in6_addr address{};
    if (inet_pton(AF_INET6, inner->c_str(), &address) != 1) return false;
    constexpr std::uint8_t kLoopbackNet = 127;
    return IN6_IS_ADDR_LOOPBACK(&address) ||
           (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == kLoopbackNet);
  }
  return host.starts_with("127.");
}

}  // namespace pgsidecar::config
