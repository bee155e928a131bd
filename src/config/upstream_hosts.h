#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/options.h"

namespace pgsidecar::config {

constexpr std::size_t kHostsMax = 16;

/// The lists of a connection URI that name its servers. An empty element stands for the default.
struct HostLists {
  std::vector<std::string> hosts, hostaddrs, ports;
};

/// The elements between the commas; of an empty text one that is empty.
std::vector<std::string> SplitList(std::string_view text);

/// Pairs the lists as libpq does (PostgreSQL manual, "Specifying Multiple Hosts"): as many
/// addresses as hosts or either alone, one port for all or one for each. Returns what is wrong, as
/// the end of a sentence that begins with the URI, or nothing; then `servers` is the list.
std::string PairHosts(const HostLists& lists, std::vector<wire::UpstreamHost>& servers);

}  // namespace pgsidecar::config
