#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pgsidecar::metrics {

/// What a statement does: the closed label set `command`. Decided by the SQL text
/// (docs/metrics.md).
enum class Command : std::uint8_t {
  kSelect,
  kInsert,
  kUpdate,
  kDelete,
  kMerge,
  kCall,
  kTransaction,
  kDdl,
  kUtility,
  kEmpty,
  kUnknown,
};

constexpr std::size_t kCommandCount = 11;

constexpr std::array<std::string_view, kCommandCount> kCommandNames = {
    "SELECT",      "INSERT", "UPDATE",  "DELETE", "MERGE",  "CALL",
    "TRANSACTION", "DDL",    "UTILITY", "EMPTY",  "UNKNOWN"};

constexpr std::string_view Name(Command command) {
  return kCommandNames[static_cast<std::size_t>(command)];
}

}  // namespace pgsidecar::metrics
