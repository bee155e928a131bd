#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace pgsidecar::admin {

/// A moment since the Unix epoch from seconds (`1764000000`, `1764000000.5`) or from RFC 3339
/// (`2026-11-23T15:00:00Z`, `2026-11-23T16:00:00.250+01:00`). Nothing if it is neither.
std::optional<Nanos> ParseTimestamp(std::string_view text);

}  // namespace pgsidecar::admin
