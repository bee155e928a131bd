#include "admin/operations_api.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "admin/rows_json.h"
#include "base/units.h"

namespace pgsidecar::admin {
namespace {

using executor::OperationError;
using executor::OperationErrorKind;
using executor::OperationResult;
using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kBatchDeadline{30};

/// How an error is answered.
struct Answer {
  int status;
  std::string_view slug;
  std::string_view detail;
};

constexpr Answer kInternal{500, "statement-failed", "PostgreSQL answered with an error"};
constexpr Answer kDeadline{504, "deadline", "the deadline of the operation passed"};
constexpr Answer kUnavailable{503, "database-unavailable", "PostgreSQL cannot be reached"};

/// By class of the SQLSTATE (PostgreSQL manual, appendix A): the caller's fault, no resources, or
/// somebody else's.
Answer AnswerTo(const std::string& sqlstate) {
  const std::string_view code(sqlstate);
  if (code == "57014") return kDeadline;
  for (const std::string_view each : {"22", "23", "42", "P0"}) {
    if (code.starts_with(each)) {
      return {422, "statement-failed", "PostgreSQL refused the statement with these parameters"};
    }
  }
  for (const std::string_view each : {"08", "53", "57"}) {
    if (code.starts_with(each)) return kUnavailable;
  }
  if (code.starts_with("40")) {
    return {409, "conflict", "the statement collided with another transaction; try again"};
  }
  return kInternal;
}

Answer AnswerTo(const QueryError& error) {
  switch (error.kind) {
    case QueryErrorKind::kUsage:
      return {400, "bad-parameter", "a parameter cannot be sent to PostgreSQL"};
    case QueryErrorKind::kPool:
      return {503, "no-connection", "no connection to PostgreSQL came free in time"};
    case QueryErrorKind::kConnection:
      return kUnavailable;
    case QueryErrorKind::kDeadline:
      return kDeadline;
    case QueryErrorKind::kServer:
      return AnswerTo(error.sqlstate);
    case QueryErrorKind::kShutdown:
      return {503, "shutting-down", "pgsidecar is shutting down"};
  }
  return kInternal;
}

std::string_view SlugOf(OperationErrorKind kind) {
  switch (kind) {
    case OperationErrorKind::kUnknownOperation:
      return "unknown-operation";
    case OperationErrorKind::kUnknownParameter:
      return "unknown-parameter";
    case OperationErrorKind::kMissingParameter:
      return "missing-parameter";
    case OperationErrorKind::kRepeatedParameter:
      return "repeated-parameter";
    case OperationErrorKind::kNullParameter:
      return "null-parameter";
    case OperationErrorKind::kWrongType:
      return "wrong-type";
    case OperationErrorKind::kQuery:
      break;
  }
  return "statement-failed";
}

Response ProblemOf(const QueryError& error) {
  const Answer answer = AnswerTo(error);
  ProblemMembers members;
  if (!error.sqlstate.empty()) members.emplace_back("sqlstate", error.sqlstate);
  std::string detail(answer.detail);
  if (error.in_doubt) detail += "; whether it took effect is not known";
  Response response = ProblemWith({answer.status, answer.slug}, detail, members);
  if (answer.status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

Response ProblemOf(const OperationError& error, Rejections& rejections) {
  if (error.kind == OperationErrorKind::kQuery) return ProblemOf(error.query);
  const bool unknown = error.kind == OperationErrorKind::kUnknownOperation;
  rejections.Count(unknown ? Rejection::kUnknownOperation : Rejection::kParameters);
  return Problem(unknown ? 404 : 400, SlugOf(error.kind), error.detail);
}

std::string_view Word(CacheAnswer answer) {
  switch (answer) {
    case CacheAnswer::kHit:
      return "HIT";
    case CacheAnswer::kStale:
      return "STALE";
    case CacheAnswer::kMiss:
      return "MISS";
    case CacheAnswer::kBypass:
      return "BYPASS";
  }
  return "BYPASS";
}

/// `"rows":[…],"row_count":1`, or nothing if it is too long. Of a statement that returns no rows
/// the count is that of the rows it changed.
std::optional<std::string> Members(const Rows& rows, std::size_t bytes_max) {
  auto json = RowsToJson(rows, bytes_max);
  if (!json) return json;
  const std::uint64_t count = rows.columns() > 0 ? rows.size() : rows.affected();
  return "\"rows\":" + *json + ",\"row_count\":" + std::to_string(count);
}

Response TooLarge() {
  return Problem(422, "result-too-large",
                 "the statement was completed, but its rows are more than 8 MiB of JSON");
}

Json ParameterJson(const executor::ParameterSpec& parameter) {
  Json out;
  out["name"] = parameter.name;
  out["type"] = executor::TypeWord(parameter.type, parameter.array);
  out["nullable"] = parameter.nullable;
  return out;
}

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

Json CacheJson(const executor::OperationCacheSpec& cache) {
  Json out;
  out["ttl_seconds"] = Seconds(cache.ttl);
  out["stale_while_revalidate_seconds"] = Seconds(cache.stale_while_revalidate);
  out["stale_if_error_seconds"] = Seconds(cache.stale_if_error);
  if (cache.negative_ttl.count() >= 0) out["negative_ttl_seconds"] = Seconds(cache.negative_ttl);
  if (!cache.key.empty()) out["key"] = cache.key;
  out["tags"] = cache.tags;
  return out;
}

}  // namespace

Rejections::Rejections(metrics::Registry& registry) {
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    counters_[i] = &registry.AddCounter(kOperationRequestsRejected, {kRejectionNames[i]});
  }
}

bool IsMutating(const executor::CachedOperations& operations, std::string_view name) {
  const executor::OperationSpec* spec = operations.Find(name);
  return spec != nullptr && !spec->read_only;
}

Response OperationsList(const executor::CachedOperations& operations) {
  Json out;
  Json& list = out["operations"] = Json::array();
  for (const executor::OperationSpec& spec : operations.specs()) {
    Json each;
    each["name"] = spec.name;
    if (!spec.description.empty()) each["description"] = spec.description;
    each["read_only"] = spec.read_only;
    Json& parameters = each["parameters"] = Json::array();
    for (const auto& parameter : spec.parameters) parameters.push_back(ParameterJson(parameter));
    const auto explanation = operations.Explain(spec.name);
    if (explanation && explanation->cache) each["cache"] = CacheJson(*explanation->cache);
    list.push_back(std::move(each));
  }
  return JsonAnswer(out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

Response CallOperation(const CallContext& context, std::string_view name, std::string_view body) {
  const auto values = ReadCallBody(body);
  if (!values.ok()) return BadBody(context.rejections, values.error().message);
  const OperationResult result = context.operations.Call(
      {.name = name, .values = values.value(), .traceparent = context.traceparent});
  if (const auto* error = std::get_if<OperationError>(&result.answer)) {
    return ProblemOf(*error, context.rejections);
  }
  const auto& rows = std::get<CachedRows>(result.answer);
  auto members = Members(rows.rows, kResultBytesMax);
  Response response = members ? JsonAnswer("{" + *members + "}\n") : TooLarge();
  response.headers.emplace_back("X-Cache", Word(rows.answer));
  if (result.bypass) {
    response.headers.emplace_back(
        "Cache-Status", "pgsidecar; fwd=bypass; detail=" + std::string(sql::Name(*result.bypass)));
  }
  return response;
}

Response CallBatch(const CallContext& context, const std::vector<BatchCall>& calls) {
  const auto end = std::chrono::steady_clock::now() + kBatchDeadline;
  std::string out = "{\"results\":[";
  for (const BatchCall& call : calls) {
    if (out.back() != '[') out += ',';
    const auto left = std::chrono::nanoseconds(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      const Response late = Problem(504, "deadline", "the deadline of the batch passed");
      out += "{\"status\":504,\"problem\":" + late.body + "}";
      continue;
    }
    const OperationResult result = context.operations.Call({.name = call.operation,
                                                            .values = call.values,
                                                            .traceparent = context.traceparent,
                                                            .deadline = left});
    Response problem = TooLarge();
    if (const auto* error = std::get_if<OperationError>(&result.answer)) {
      problem = ProblemOf(*error, context.rejections);
    } else {
      const auto& rows = std::get<CachedRows>(result.answer);
      const std::size_t room = kResultBytesMax - std::min(kResultBytesMax, out.size());
      if (auto members = Members(rows.rows, room)) {
        out += "{\"status\":200,\"x_cache\":\"" + std::string(Word(rows.answer)) + "\"," +
               *members + "}";
        continue;
      }
    }
    problem.body.pop_back();  // Its newline.
    out += "{\"status\":" + std::to_string(problem.status) + ",\"problem\":" + problem.body + "}";
  }
  return JsonAnswer(out + "]}\n");
}

Response BadBody(Rejections& rejections, const std::string& problem) {
  rejections.Count(Rejection::kBody);
  return Problem(400, "bad-body", problem);
}

Response TooManyCalls(Rejections& rejections) {
  rejections.Count(Rejection::kBusy);
  Response busy = Problem(503, "busy", "eight calls are under way");
  busy.headers.emplace_back("Retry-After", "1");
  return busy;
}

}  // namespace pgsidecar::admin
