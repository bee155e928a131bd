#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgsidecar::metrics {

/// A plan as PostgreSQL's `EXPLAIN (FORMAT JSON)` prints it, made fit for a line of JSON.
struct QueryPlan {
  /// The plan as JSON without line breaks; of a plan that is cut, a JSON string with its beginning.
  std::string json;
  bool cut = false;
};

/// Most bytes of a plan that are kept.
inline constexpr std::size_t kPlanBytesMax = std::size_t{16} * 1024;

/// Reads what EXPLAIN answered. Nothing if it is not JSON.
std::optional<QueryPlan> ParsePlan(std::string_view explained);

}  // namespace pgsidecar::metrics
