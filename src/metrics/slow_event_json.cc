#include <algorithm>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "metrics/slow_log.h"

namespace pgsidecar::metrics {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kQueryBytes = 2048;
constexpr std::size_t kApplicationNameBytes = 64;
constexpr std::size_t kNameBytes = 128;
constexpr Nanos kNanosPerMilli = 1'000'000;

std::string_view Name(SlowEventKind kind) {
  switch (kind) {
    case SlowEventKind::kSlow:
      return "slow";
    case SlowEventKind::kRunning:
      return "running";
    case SlowEventKind::kSlowGroup:
      return "slow_group";
    case SlowEventKind::kPlan:
      return "plan";
  }
  return "slow";
}

/// RFC 3339 in UTC with milliseconds.
std::string Timestamp(Nanos unix_time) {
  const Nanos millis = std::max<Nanos>(unix_time, 0) / kNanosPerMilli;
  const std::time_t seconds = millis / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
  const std::string fraction = std::to_string(1000 + millis % 1000);
  return std::string(text, size) + "." + fraction.substr(1) + "Z";
}

/// Microseconds are all that is known; more digits would be noise.
double Rounded(double seconds) { return std::round(seconds * 1e6) / 1e6; }

void AddText(Json& line, const char* key, std::string_view text, std::size_t limit = kNameBytes) {
  if (!text.empty()) line[key] = PrintableText(text, limit);
}

void AddStatement(Json& line, const SlowEvent& event) {
  AddText(line, "fingerprint", event.fingerprint);
  AddText(line, "operation", event.operation);
  AddText(line, "command", event.command);
  AddText(line, "summary", event.summary);
  AddText(line, "query", event.query, kQueryBytes);
  if (event.group_fingerprints.empty()) return;
  Json& fingerprints = line["fingerprints"] = Json::array();
  for (const std::string& fingerprint : event.group_fingerprints) {
    fingerprints.push_back(PrintableText(fingerprint, kNameBytes));
  }
}

void AddSession(Json& line, const SlowEvent& event) {
  AddText(line, "datname", event.datname);
  AddText(line, "user", event.user);
  AddText(line, "application_name", event.application_name, kApplicationNameBytes);
  AddText(line, "client", event.client);
  AddText(line, "upstream", event.upstream);
  line["session"] = event.session;
  AddText(line, "trace_id", event.trace_id);
  AddText(line, "span_id", event.span_id);
}

/// A plan is JSON already and is put in as it is.
std::string WithPlan(const Json& line, const SlowEvent& event) {
  std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (event.plan == nullptr) return text;
  text.back() = ',';
  return text.append(event.plan->cut ? R"("plan_cut":)" : R"("plan":)")
      .append(event.plan->json)
      .append("}");
}

std::string PlanJson(Json line, const SlowEvent& event) {
  AddText(line, "fingerprint", event.fingerprint);
  AddText(line, "operation", event.operation);
  AddText(line, "command", event.command);
  AddText(line, "datname", event.datname);
  return WithPlan(line, event);
}

}  // namespace

std::string ToJson(const SlowEvent& event, std::uint64_t suppressed) {
  Json line;
  line["ts"] = Timestamp(event.unix_time);
  line["event"] = Name(event.kind);
  if (event.kind == SlowEventKind::kPlan) return PlanJson(std::move(line), event);
  line["duration_s"] = Rounded(event.duration_s);
  if (event.first_byte_s >= 0) line["first_byte_s"] = Rounded(event.first_byte_s);
  line["client_stall_s"] = Rounded(event.client_stall_s);
  line["shared"] = event.shared;
  AddStatement(line, event);
  line["rows"] = event.rows;
  line["bytes"] = event.bytes;
  AddText(line, "sqlstate", event.sqlstate);
  line["tx"] = PrintableText(std::string_view(&event.tx, 1), kNameBytes);
  line["protocol"] = event.extended ? "extended" : "simple";
  AddSession(line, event);
  if (suppressed > 0) line["suppressed"] = suppressed;
  return WithPlan(line, event);
}

}  // namespace pgsidecar::metrics
