#pragma once

#include <string_view>

#include "base/result.h"

namespace pgsidecar::config {

constexpr std::string_view kListenAllowed =
    "IPv4:port, [IPv6]:port or /directory:port, as in 127.0.0.1:6432, [::1]:6432, "
    "/run/pgsidecar:6432";
constexpr std::string_view kAdminAllowed =
    "IPv4:port or [IPv6]:port, as in 127.0.0.1:9432, [::1]:9432";

/// Where a listener can be. Port 0 lets the system choose (not for a Unix socket).
Status CheckListenAddress(std::string_view text);
/// The same without Unix sockets.
Status CheckAdminAddress(std::string_view text);
/// Whether only this machine can reach the address. Requires: CheckAdminAddress(text).ok().
bool IsLoopback(std::string_view text);

}  // namespace pgsidecar::config
