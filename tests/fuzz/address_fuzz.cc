// Addresses of the configuration, and Host and Origin headers: the parsers agree with each other,
// and only this machine is local.
#include <algorithm>
#include <string>

#include "admin/host_rule.h"
#include "config/address.h"
#include "fuzz/require.h"
#include "net/socket.h"

namespace {

using pgsidecar::fuzz::Require;

/// ASCII only, whatever the locale.
std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

void CheckAdminListener(std::string_view text) {
  const auto address = pgsidecar::admin::ParseListenAddress(text);
  if (!address) return;
  Require(address->port >= 0 && address->port <= 65535);
  Require(address->host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string::npos);
  const auto again = pgsidecar::admin::ParseListenAddress(address->ToString());
  Require(again && again->host == address->host && again->port == address->port &&
          again->ipv6 == address->ipv6 && again->loopback == address->loopback);
  Require(pgsidecar::admin::IsLocalHost(text));
}

void CheckEndpoint(std::string_view text) {
  const auto endpoint = pgsidecar::net::ParseEndpoint(text);
  if (!endpoint.ok()) {
    Require(!endpoint.error().message.empty());
    return;
  }
  const auto again = pgsidecar::net::ParseEndpoint(endpoint.value().ToString());
  Require(again.ok() && again.value().host == endpoint.value().host &&
          again.value().port == endpoint.value().port);
}

/// What the configuration accepts, the listeners can use, and both call the same hosts loopback.
void CheckConfiguration(std::string_view text) {
  using namespace pgsidecar::config;  // NOLINT
  if (CheckListenAddress(text).ok()) Require(pgsidecar::net::ParseEndpoint(text).ok());
  if (!CheckAdminAddress(text).ok()) return;
  const auto address = pgsidecar::admin::ParseListenAddress(text);
  Require(address.has_value());
  Require(CheckListenAddress(text).ok());
  Require(address->loopback == IsLoopback(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = pgsidecar::fuzz::Text(data, size);
  CheckAdminListener(text);
  CheckEndpoint(text);
  CheckConfiguration(text);
  const std::string_view host = text.substr(0, text.find('\n'));
  const std::string_view origin = text.substr(std::min(host.size() + 1, size));
  const bool plain = host.find('\0') == std::string_view::npos;
  Require(pgsidecar::admin::IsSameOrigin("http://" + std::string(host), host) == plain);
  if (pgsidecar::admin::IsSameOrigin(origin, host)) {
    Require(Lower(origin) == "http://" + Lower(host));
  }
  if (pgsidecar::admin::IsLocalHost(host)) {
    Require(host.find_first_of("@/, \t\r") == std::string_view::npos);
    Require(host.find('\0') == std::string_view::npos);
  }
  return 0;
}
