#pragma once

#include <string>
#include <string_view>

#include "config/upstream_hosts.h"
#include "wire/options.h"

namespace pgsidecar::config {

/// What a connection URI has said so far.
struct UpstreamDraft {
  wire::Upstream upstream;
  HostLists lists;
  bool has_sslmode = false;
};

// Both return what is wrong, as the end of a sentence that begins with the URI, or nothing.

/// Stores one parameter (PostgreSQL manual, "Parameter Key Words"). A later one replaces an
/// earlier.
std::string SetParameter(UpstreamDraft& draft, std::string_view name, const std::string& value);

/// Pairs the lists of hosts and checks what is right for each parameter alone but not together.
std::string Complete(UpstreamDraft& draft);

/// Whether the value of this parameter may be shown: a known one that is no secret.
bool IsOpenParameter(std::string_view name);

}  // namespace pgsidecar::config
