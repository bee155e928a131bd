#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "metrics/registry.h"

namespace pgsidecar::metrics {

/// What `/proc/<pid>/stat` says of a process, proc(5).
struct ProcessStat {
  std::uint64_t cpu_ticks = 0;  ///< User and system.
  std::uint64_t threads = 0;
  std::uint64_t start_ticks = 0;  ///< Since boot.
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_pages = 0;
};

/// Nothing if `line` is not such a line. The command in it may hold any character.
std::optional<ProcessStat> ParseProcessStat(std::string_view line);

/// Adds the standard process metrics, read from /proc at every exposition. What cannot be read
/// keeps its value and counts in internal_errors_total. Call once.
void AddProcessMetrics(Registry& registry);

}  // namespace pgsidecar::metrics
