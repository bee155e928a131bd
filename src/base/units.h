#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pgsidecar {

/// Reads a duration: a non-negative decimal number and a unit, one of ns, us, ms, s, m, h, d
/// (`250ms`, `1.5s`). `0` needs no unit. The error names the text and the units.
Result<std::chrono::nanoseconds> ParseDuration(std::string_view text);

/// The shortest spelling that ParseDuration reads back: `1s`, `250ms`, `1500us`.
std::string FormatDuration(std::chrono::nanoseconds duration);

/// Reads a size: a non-negative integer and an optional unit, one of B, kB, MB, GB (powers of
/// 1000), KiB, MiB, GiB (powers of 1024). The error names the text and the units.
Result<std::uint64_t> ParseBytes(std::string_view text);

/// The largest binary unit that is exact: `64MiB`, `10000`.
std::string FormatBytes(std::uint64_t bytes);

}  // namespace pgsidecar
