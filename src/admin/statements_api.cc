#include "admin/statements_api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <utility>

#include "admin/query_string.h"

namespace pgsidecar::admin {
namespace {

using Json = nlohmann::ordered_json;
using sql::StatementRow;

constexpr std::size_t kLimitMax = 1000;

struct Order {
  std::string_view name;
  double (*key)(const StatementRow&);
};

constexpr std::array<Order, 6> kOrders = {{
    {"total", [](const StatementRow& row) { return row.total_seconds; }},
    {"calls", [](const StatementRow& row) { return static_cast<double>(row.calls); }},
    {"mean", [](const StatementRow& row) { return row.mean_seconds; }},
    {"p95", [](const StatementRow& row) { return row.p95_seconds; }},
    {"errors", [](const StatementRow& row) { return static_cast<double>(row.errors); }},
    {"rows", [](const StatementRow& row) { return static_cast<double>(row.rows); }},
}};

const Order* FindOrder(std::string_view name) {
  const auto* found = std::find_if(kOrders.begin(), kOrders.end(),
                                   [&](const Order& order) { return order.name == name; });
  return found == kOrders.end() ? nullptr : found;
}

std::optional<std::size_t> ParseLimit(std::string_view text) {
  std::size_t limit = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, limit);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  if (limit < 1 || limit > kLimitMax) return std::nullopt;
  return limit;
}

/// Largest first. Not-a-number counts as nothing, and equals keep one order, so that a page that
/// refreshes itself stands still.
void Sort(std::vector<StatementRow>& rows, const Order& order, std::size_t limit) {
  const auto key = [&](const StatementRow& row) {
    const double value = order.key(row);
    return value == value ? value : 0;
  };
  const auto before = [&](const StatementRow& a, const StatementRow& b) {
    if (key(a) != key(b)) return key(a) > key(b);
    return std::tie(a.datname, a.operation, a.fingerprint) <
           std::tie(b.datname, b.operation, b.fingerprint);
  };
  const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(std::min(limit, rows.size()));
  std::partial_sort(rows.begin(), middle, rows.end(), before);
  rows.erase(middle, rows.end());
}

/// Nanoseconds are all that is measured; the digits below are noise of the division.
double Rounded(double seconds) { return std::round(seconds * 1e9) / 1e9; }

Json ToJson(const StatementRow& row) {
  Json out;
  out["datname"] = row.datname;
  out["fingerprint"] = row.fingerprint;
  out["operation"] = row.operation;
  out["summary"] = row.summary;
  out["query"] = row.query;
  out["calls"] = row.calls;
  out["errors"] = row.errors;
  out["slow"] = row.slow;
  out["rows"] = row.rows;
  out["total_seconds"] = Rounded(row.total_seconds);
  out["mean_seconds"] = Rounded(row.mean_seconds);
  out["p50_seconds"] = Rounded(row.p50_seconds);
  out["p95_seconds"] = Rounded(row.p95_seconds);
  out["p99_seconds"] = Rounded(row.p99_seconds);
  return out;
}

Response Refused(const std::string& detail) { return Problem(400, "bad-parameter", detail); }

}  // namespace

Response StatementsAnswer(std::string_view query, std::vector<StatementRow> rows) {
  const auto parameters = QueryString::Parse(query, {"sort", "limit"});
  if (!parameters.ok()) return Refused(parameters.error().message);
  const std::string_view sort = parameters.value().Get("sort", "total");
  const Order* order = FindOrder(sort);
  if (order == nullptr) {
    return Refused(BadParameter("sort", sort, "total, calls, mean, p95, errors, rows"));
  }
  const std::string_view limit_text = parameters.value().Get("limit", "50");
  const auto limit = ParseLimit(limit_text);
  if (!limit) return Refused(BadParameter("limit", limit_text, "1 to 1000"));

  Json out;
  out["sort"] = order->name;
  out["limit"] = *limit;
  out["tracked"] = rows.size();
  Sort(rows, *order, *limit);
  Json& statements = out["statements"] = Json::array();
  for (const StatementRow& row : rows) statements.push_back(ToJson(row));
  return JsonAnswer(out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace pgsidecar::admin
