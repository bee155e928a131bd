#include <algorithm>

#include "executor/executor_state.h"
#include "sql/comment_tags.h"

// What is decided about a call without a connection.

namespace pgsidecar::executor {
namespace {

constexpr std::size_t kParametersMax = 65535;  // Bind counts them in 16 bits.
constexpr std::string_view kStaleStatement = "26000";
constexpr std::string_view kStalePlan = "0A000";

QueryError Usage(const char* message) {
  return {.kind = QueryErrorKind::kUsage, .message = message};
}

bool HasNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

}  // namespace

std::optional<QueryError> CheckCall(std::string_view sql, const Parameters& parameters) {
  if (HasNul(sql)) return Usage("the statement holds a NUL byte");
  if (parameters.size() > kParametersMax) return Usage("there are more than 65535 parameters");
  for (const auto& value : parameters.values()) {
    if (value && HasNul(*value)) {
      return Usage("a text parameter holds a NUL byte; bytea takes it: pass Bytes");
    }
  }
  return std::nullopt;
}

sql::TraceContext TraceOf(std::string_view traceparent) {
  sql::TraceContext trace;
  if (!traceparent.empty()) sql::ParseTraceparent(traceparent, &trace);
  return trace;
}

bool IsConflict(const QueryError& error) {
  return error.sqlstate == "40001" || error.sqlstate == "40P01";
}

bool IsRepeatable(const Attempt& attempt, const Call& call) {
  if (attempt.outcome.ok() || call.in_transaction) return false;
  const QueryError& error = attempt.outcome.error();
  switch (error.kind) {
    case QueryErrorKind::kConnection:
      return !attempt.sent || call.read_only;
    case QueryErrorKind::kServer:
      // An error of a statement by itself has undone it.
      if (IsConflict(error)) return call.retry_conflicts;
      return attempt.stale_plan &&
             (error.sqlstate == kStaleStatement || error.sqlstate == kStalePlan);
    case QueryErrorKind::kUsage:
    case QueryErrorKind::kPool:
    case QueryErrorKind::kDeadline:
    case QueryErrorKind::kShutdown:
      return false;
  }
  return false;
}

std::chrono::nanoseconds PauseBefore(std::uint32_t retry, Nanos now) {
  constexpr Nanos kFirst = kNanosPerSecond / 50;
  constexpr Nanos kLongest = kNanosPerSecond / 2;
  const Nanos longest = std::min(kLongest, kFirst << std::min<std::uint32_t>(2 * retry, 16));
  // The low digits of the clock are what callers do not have in common.
  return std::chrono::nanoseconds(longest / 2 + now % (longest / 2));
}

}  // namespace pgsidecar::executor
