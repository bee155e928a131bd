#include "admin/slow_queries_api.h"

#include <cstdio>

#include "admin/query_string.h"
#include "admin/timestamp.h"

namespace pgsidecar::admin {
namespace {

std::string JsonArray(const std::vector<metrics::SlowEvent>& events, Nanos since) {
  std::string out = "[";
  for (const metrics::SlowEvent& event : events) {
    if (event.unix_time < since) continue;
    if (out.size() > 1) out += ',';
    out += metrics::ToJson(event, 0);
  }
  return out + "]";
}

}  // namespace

Response SlowQueriesAnswer(std::string_view query, const metrics::SlowLog::View& view,
                           double threshold_seconds) {
  const auto parameters = QueryString::Parse(query, {"since"});
  if (!parameters.ok()) return Problem(400, "bad-parameter", parameters.error().message);
  const std::string_view since_text = parameters.value().Get("since", "0");
  const auto since = ParseTimestamp(since_text);
  if (!since) {
    return Problem(400, "bad-parameter",
                   BadParameter("since", since_text,
                                "seconds since 1970, or a time like 2026-11-23T15:00:00Z"));
  }
  char threshold[32];
  std::snprintf(threshold, sizeof(threshold), "%.9g", threshold_seconds);
  return JsonAnswer(std::string("{\"threshold_seconds\":") + threshold +
                    ",\"running\":" + JsonArray(view.running, 0) +
                    ",\"recent\":" + JsonArray(view.recent, *since) + "}\n");
}

}  // namespace pgsidecar::admin
