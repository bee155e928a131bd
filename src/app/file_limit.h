#pragma once

#include <cstdint>

#include "base/result.h"

namespace pgsidecar::app {

/// Makes sure that this process may open two files per client and 128 more, raising its soft limit
/// (RLIMIT_NOFILE) as far as its hard limit. The error names the limit and what is needed.
Status EnsureFileLimit(std::uint32_t max_clients);

}  // namespace pgsidecar::app
