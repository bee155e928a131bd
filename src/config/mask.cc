#include "config/mask.h"

#include <algorithm>

#include "config/upstream_parameters.h"

namespace pgsidecar::config {
namespace {

/// Where the port of one host of a list begins, at its colon, or npos.
std::size_t PortColon(std::string_view host) {
  const std::size_t bracket = host.starts_with('[') ? host.find(']') : std::string_view::npos;
  return host.find(':', bracket == std::string_view::npos ? 0 : bracket);
}

/// User information before the last '@'. Without one, what stands for a port but is no number may
/// be the beginning of a password, and so may everything behind it.
void MaskAuthority(std::string& shown, std::size_t begin) {
  const std::size_t at = shown.rfind('@');
  if (at != std::string::npos && at >= begin) {
    const std::size_t colon = shown.find(':', begin);
    if (colon < at) shown.replace(colon + 1, at - colon - 1, kMask);
    return;
  }
  const std::size_t end = std::min(shown.find_first_of("/?", begin), shown.size());
  while (begin < end) {
    const std::size_t next = std::min(shown.find(',', begin), end);
    const std::string_view host = std::string_view(shown).substr(begin, next - begin);
    const std::size_t colon = PortColon(host);
    if (colon != std::string_view::npos &&
        host.find_first_not_of("0123456789", colon + 1) != std::string_view::npos) {
      shown.replace(begin + colon + 1, std::string::npos, kMask);
      return;
    }
    begin = next + 1;
  }
}

/// One parameter; its value only if it cannot be secret. What has marks in it that should be
/// escaped may be more than one value.
std::string MaskParameter(std::string_view pair) {
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return std::string(kMask);
  const std::string_view value = pair.substr(equals + 1);
  const bool open = IsOpenParameter(pair.substr(0, equals)) &&
                    value.find_first_of("?=@") == std::string_view::npos;
  return std::string(pair.substr(0, equals + 1)) + std::string(open ? value : kMask);
}

std::string MaskQuery(std::string_view query) {
  std::string shown;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    shown += (shown.empty() ? "?" : "&") + MaskParameter(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return shown;
}

}  // namespace

std::string MaskSecrets(std::string_view uri) {
  std::string shown(uri);
  const std::size_t scheme = shown.find("://");
  if (scheme == std::string::npos) {
    const bool secret =
        shown.find('@') != std::string::npos || shown.find("pass") != std::string::npos;
    return secret ? std::string(kMask) : shown;
  }
  MaskAuthority(shown, scheme + 3);
  // The '?' of a malformed one may be among what was masked.
  const std::size_t query = shown.find_first_of("?&", scheme);
  if (query == std::string::npos) return shown;
  return shown.substr(0, query) + MaskQuery(std::string_view(shown).substr(query + 1));
}

}  // namespace pgsidecar::config
