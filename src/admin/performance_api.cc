#include "admin/performance_api.h"

#include <nlohmann/json.hpp>
#include <string>

#include "admin/query_string.h"

namespace pgsidecar::admin {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const PerformanceMetrics& metrics) {
  Json out;
  out["count"] = metrics.count;
  out["average"] = metrics.average;
  out["p50"] = metrics.p50;
  out["p95"] = metrics.p95;
  out["p99"] = metrics.p99;
  out["min"] = metrics.min;
  out["max"] = metrics.max;
  out["total"] = metrics.total;
  return out;
}

}  // namespace

Response PerformanceAnswer(std::string_view query, const PerformanceMonitor& monitor) {
  const auto parameters = QueryString::Parse(query, {"name"});
  if (!parameters.ok()) return Problem(400, "bad-parameter", parameters.error().message);
  const std::string_view name = parameters.value().Get("name", "");
  Json out;
  out["window"] = PerformanceMonitor::kWindow;
  Json& list = out["metrics"] = Json::object();
  if (name.empty()) {
    for (const auto& [each, metrics] : monitor.GetAllMetrics()) list[each] = ToJson(metrics);
  } else if (const auto metrics = monitor.GetMetrics(name)) {
    list[std::string(name)] = ToJson(*metrics);
  } else {
    return Problem(404, "unknown-metric", "nothing was recorded under that name");
  }
  return JsonAnswer(out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace pgsidecar::admin
