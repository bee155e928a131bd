#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/options.h"

namespace pgsidecar::config {

constexpr std::string_view kUpstreamAllowed =
    "postgresql://HOST:PORT with the parameters host, hostaddr, port, user, password, dbname, "
    "sslmode=disable|prefer, connect_timeout";

struct UpstreamUri {
  wire::Upstream upstream;
  std::string shown;  ///< The URI with its password masked.
};

/// Reads a libpq connection URI (PostgreSQL manual, section "Connection URIs"). User, password and
/// database are accepted and not used: the wire front passes on what the client sends.
/// Errors show the masked URI and never a part of it that could be a piece of the password.
Result<UpstreamUri> ParseUpstream(std::string_view uri);

/// `uri` with everything that can be a password replaced by `***`, however malformed it is.
std::string MaskSecrets(std::string_view uri);

}  // namespace pgsidecar::config
