#include "metrics/query_plan.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace pgsidecar::metrics {

std::optional<QueryPlan> ParsePlan(std::string_view explained) {
  using Json = nlohmann::ordered_json;
  const Json parsed = Json::parse(explained, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return std::nullopt;
  // The answer is a list with one element for the one statement.
  const Json& plan = parsed.is_array() && parsed.size() == 1 ? parsed[0] : parsed;
  std::string text = plan.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= kPlanBytesMax) return QueryPlan{std::move(text), false};
  return QueryPlan{Json(PrintableText(text, kPlanBytesMax)).dump(), true};
}

}  // namespace pgsidecar::metrics
