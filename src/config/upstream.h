#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/options.h"

namespace pgsidecar::config {

constexpr std::string_view kUpstreamAllowed =
    "postgresql://USER:PASSWORD@HOST:PORT/DATABASE with at most 16 of HOST:PORT, separated by "
    "commas, and the parameters host, hostaddr, port, user, password, dbname, "
    "sslmode=disable|prefer|require|verify-ca|verify-full, sslrootcert, sslcert, sslkey, "
    "target_session_attrs, connect_timeout, keepalives, keepalives_idle, keepalives_interval, "
    "keepalives_count, tcp_user_timeout";

struct UpstreamUri {
  wire::Upstream upstream;
  std::string shown;  ///< The URI with its password masked.
};

/// Reads a libpq connection URI (PostgreSQL manual, "Connection URIs"). Other parameters than those
/// of kUpstreamAllowed are refused by name. Files it names are not looked at.
/// Errors show the masked URI and never a part of it that could be a piece of the password.
Result<UpstreamUri> ParseUpstream(std::string_view uri);

}  // namespace pgsidecar::config
