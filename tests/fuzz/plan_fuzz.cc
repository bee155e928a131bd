// What EXPLAIN answered: nothing, or one line of JSON of bounded length.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "fuzz/require.h"
#include "metrics/query_plan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using pgsidecar::fuzz::Require;
  const auto plan = pgsidecar::metrics::ParsePlan(pgsidecar::fuzz::Text(data, size));
  if (!plan) return 0;
  Require(std::none_of(plan->json.begin(), plan->json.end(),
                       [](char c) { return static_cast<unsigned char>(c) < ' '; }));
  const auto parsed = nlohmann::json::parse(plan->json, nullptr, /*allow_exceptions=*/false);
  Require(!parsed.is_discarded());
  // Cut, it is a string: one escape for each byte at most.
  if (plan->cut) Require(parsed.is_string());
  Require(plan->json.size() <= (plan->cut ? 2 : 1) * pgsidecar::metrics::kPlanBytesMax + 2);
  return 0;
}
