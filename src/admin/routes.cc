#include "admin/routes.h"

#include <spdlog/spdlog.h>
#include <strings.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <optional>
#include <utility>

#include "admin/admin_metrics.h"
#include "admin/cache_api.h"
#include "admin/control_api.h"
#include "admin/openapi.h"
#include "admin/page.h"
#include "admin/performance_api.h"
#include "admin/slow_queries_api.h"
#include "admin/statements_api.h"
#include "base/units.h"
#include "metrics/exposition.h"
#include "metrics/self_metrics.h"

namespace pgsidecar::admin {
namespace {

constexpr int kScrapes = 4;
constexpr int kCalls = 8;
constexpr std::size_t kWorkers = kCalls + 2;  // Calls never keep a purge waiting.
constexpr std::chrono::milliseconds kScrapePatience{1000};
constexpr std::string_view kText = "text/plain; charset=utf-8";

// The methods of a route, as Allow lists them.
constexpr std::string_view kGet = "GET, HEAD";
constexpr std::string_view kPost = "POST";
constexpr std::string_view kDelete = "DELETE";
constexpr std::string_view kOperationsPath = "/api/v1/operations/";

Response Metrics(Router& router, const Request& request) {
  const Gate::Pass pass(router.scrapes());
  if (!pass.granted()) {
    Response busy = Problem(503, "busy", "too many scrapes at once");
    busy.headers.emplace_back("Retry-After", "1");
    return busy;
  }
  auto page = metrics::Expose(router.context().registry, request.Header("Accept"),
                              request.Header("Accept-Encoding"));
  Response response{200, std::move(page.content_type), std::move(page.body)};
  response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  if (page.gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  return response;
}

Response Probe(const Health& health) {
  if (health.ok) return {200, std::string(kText), "ok\n"};
  return {503, std::string(kText), health.reason + "\n"};
}

Response Startup(Router& router, const Request&) { return Probe(router.context().startup()); }
Response Live(Router& router, const Request&) { return Probe(router.context().live()); }
Response Ready(Router& router, const Request&) { return Probe(router.context().ready()); }

Response Statements(Router& router, const Request& request) {
  return StatementsAnswer(request.query, router.context().catalogue.Snapshot());
}

Response SlowQueries(Router& router, const Request& request) {
  const AdminContext& context = router.context();
  return SlowQueriesAnswer(request.query, context.slow_log.Snapshot(),
                           context.registry.slow_threshold_seconds());
}

Response Index(Router& router, const Request&) {
  return {200, "text/html; charset=utf-8", router.page()};
}

Response AppJs(Router&, const Request&) {
  return {200, "text/javascript; charset=utf-8", std::string(kAppJs)};
}

Response StyleCss(Router&, const Request&) {
  return {200, "text/css; charset=utf-8", std::string(kStyleCss)};
}

Response IconSvg(Router&, const Request&) { return {200, "image/svg+xml", std::string(kIconSvg)}; }

Response Reload(Router& router, const Request&) {
  const Gate::Pass pass(router.reloads());
  return pass.granted() ? ReloadResponse(router.context().reload()) : ReloadBusy();
}

Response Drain(Router& router, const Request&) {
  router.context().drain();
  return DrainResponse();
}

Response NoOperations() {
  return Problem(404, "no-operations", "no operations are configured; see the key operations");
}

Response NoCache() { return Problem(404, "no-cache", "there is no cache here"); }

Response Operations(Router& router, const Request&) {
  const executor::CachedOperations* operations = router.context().operations;
  return operations == nullptr ? NoOperations() : OperationsList(*operations);
}

Response OpenApi(Router& router, const Request&) {
  return OpenApiAnswer(router.context().operations, router.context().version);
}

CallContext ContextOfCall(Router& router, const Request& request) {
  return {*router.context().operations, router.rejections(), request.Header("traceparent")};
}

Response CallOne(Router& router, const Request& request) {
  if (router.context().operations == nullptr) return NoOperations();
  const std::string_view name = request.path.substr(kOperationsPath.size());
  if (IsMutating(*router.context().operations, name)) {
    if (auto refused = router.RefuseChange(request)) return *std::move(refused);
  }
  const Gate::Pass pass(router.calls());
  if (!pass.granted()) return TooManyCalls(router.rejections());
  return router.workers().Run(
      [&] { return CallOperation(ContextOfCall(router, request), name, request.content); });
}

Response CallSeveral(Router& router, const Request& request) {
  if (router.context().operations == nullptr) return NoOperations();
  const Gate::Pass pass(router.calls());
  if (!pass.granted()) return TooManyCalls(router.rejections());
  return router.workers().Run([&]() -> Response {
    const auto calls = ReadBatchBody(request.content);
    if (!calls.ok()) return BadBody(router.rejections(), calls.error().message);
    const auto& operations = *router.context().operations;
    const bool mutating =
        std::any_of(calls.value().begin(), calls.value().end(),
                    [&](const BatchCall& call) { return IsMutating(operations, call.operation); });
    if (mutating) {
      if (auto refused = router.RefuseChange(request)) return *std::move(refused);
    }
    return CallBatch(ContextOfCall(router, request), calls.value());
  });
}

CacheContext ContextOfCache(Router& router) {
  const AdminContext& context = router.context();
  return {*context.cache, context.registry, context.operations, context.notify_connected};
}

Response Cache(Router& router, const Request&) {
  if (router.context().cache == nullptr) return NoCache();
  return CacheAnswerOf(ContextOfCache(router));
}

Response Purge(Router& router, const Request& request) {
  if (router.context().cache == nullptr) return NoCache();
  return router.workers().Run([&] { return PurgeAnswer(ContextOfCache(router), request.query); });
}

Response Explain(Router& router, const Request& request) {
  if (router.context().cache == nullptr) return NoCache();
  return router.workers().Run(
      [&] { return ExplainAnswer(ContextOfCache(router), request.content); });
}

Response Performance(Router& router, const Request& request) {
  const PerformanceMonitor* monitor = router.context().performance;
  if (monitor == nullptr) {
    return Problem(404, "no-performance-monitor", "there is no performance monitor here");
  }
  return PerformanceAnswer(request.query, *monitor);
}

/// Requests that reach no handler are counted under this name.
constexpr std::string_view kOther = "other";

/// Whether a list like `GET, HEAD` names `method`.
bool Lists(std::string_view methods, std::string_view method) {
  constexpr std::string_view kComma = ", ";
  while (true) {
    const std::size_t end = std::min(methods.find(kComma), methods.size());
    if (methods.substr(0, end) == method) return true;
    if (end == methods.size()) return false;
    methods.remove_prefix(end + kComma.size());
  }
}

bool IsJson(std::string_view content_type) {
  constexpr std::string_view kJson = "application/json";
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return type.size() == kJson.size() && strncasecmp(type.data(), kJson.data(), type.size()) == 0;
}

std::optional<Response> RefuseBody(const Request& request) {
  if (request.body == Body::kNone) return std::nullopt;
  if (request.HeaderCount("Content-Type") != 1 || !IsJson(request.Header("Content-Type"))) {
    return Problem(415, "unsupported-media-type", "a body must be application/json");
  }
  if (request.body == Body::kTooLarge) {
    return Problem(413, "body-too-large",
                   "the body is longer than " + FormatBytes(BodyBytesMax(request.path)));
  }
  if (request.body == Body::kBroken) {
    return Problem(400, "bad-body", "the body could not be read to its end");
  }
  return std::nullopt;
}

Response WrongMethod(const std::string& methods) {
  Response refused = Problem(405, "method-not-allowed", "allowed: " + methods);
  refused.headers.emplace_back("Allow", methods);
  return refused;
}

}  // namespace

std::size_t BodyBytesMax(std::string_view path) {
  constexpr std::size_t kUsual = std::size_t{64} << 10U;
  constexpr std::size_t kOfCalls = std::size_t{1} << 20U;
  return path.starts_with("/api/v1/operations") ? kOfCalls : kUsual;
}

struct Router::Route {
  std::string_view path;     ///< With a slash at the end: all below it.
  std::string_view handler;  ///< The label of admin_requests_total.
  std::string_view methods;
  Guard guard;
  int success;  ///< The status when all is well.
  Response (*answer)(Router&, const Request&);
};

/// Every route, and in which way it is guarded. Routes of one path stand together. Calls are
/// guarded as what their operation does (RefuseChange).
constexpr Router::Route Router::kRoutes[] = {
    {"/", "index", kGet, Guard::kRead, 200, Index},
    {"/app.js", "asset", kGet, Guard::kRead, 200, AppJs},
    {"/style.css", "asset", kGet, Guard::kRead, 200, StyleCss},
    {"/icon.svg", "asset", kGet, Guard::kRead, 200, IconSvg},
    {"/metrics", "metrics", kGet, Guard::kRead, 200, Metrics},
    {"/startup", "startup", kGet, Guard::kProbe, 200, Startup},
    {"/healthz", "healthz", kGet, Guard::kProbe, 200, Live},
    {"/readyz", "readyz", kGet, Guard::kProbe, 200, Ready},
    {"/api/v1/statements", "statements", kGet, Guard::kRead, 200, Statements},
    {"/api/v1/slow-queries", "slow_queries", kGet, Guard::kRead, 200, SlowQueries},
    {"/api/v1/performance", "performance", kGet, Guard::kRead, 200, Performance},
    {"/api/v1/openapi.json", "openapi", kGet, Guard::kRead, 200, OpenApi},
    {"/api/v1/operations", "operations", kGet, Guard::kRead, 200, Operations},
    {"/api/v1/operations", "operations_batch", kPost, Guard::kRead, 200, CallSeveral},
    {kOperationsPath, "operations_call", kPost, Guard::kRead, 200, CallOne},
    {"/api/v1/cache", "cache", kGet, Guard::kRead, 200, Cache},
    {"/api/v1/cache", "cache_purge", kDelete, Guard::kMutating, 200, Purge},
    {"/api/v1/cache/explain", "cache_explain", kPost, Guard::kRead, 200, Explain},
    {"/-/reload", "reload", kPost, Guard::kMutating, 200, Reload},
    {"/-/drain", "drain", kPost, Guard::kMutating, 202, Drain},
};

Router::Router(AdminContext context, Access access)
    : context_(std::move(context)),
      page_(RenderPage(kIndexHtml, {context_.version, context_.upstream, context_.wire_address})),
      unauthorized_(context_.registry.AddCounter(kAdminUnauthorized)),
      scrapes_(kScrapes, kScrapePatience),
      reloads_(1, std::chrono::milliseconds(0)),
      calls_(kCalls, std::chrono::milliseconds(0)),
      rejections_(context_.registry),
      workers_(kWorkers),
      access_(std::make_shared<const Access>(std::move(access))) {
  for (const Route& route : kRoutes) {
    context_.registry.AddCounter(kAdminRequests, {route.handler, std::to_string(route.success)});
  }
  context_.registry.AddCounter(kAdminRequests, {kOther, "404"});
}

void Router::SetAccess(Access access) {
  auto next = std::make_shared<const Access>(std::move(access));
  const std::lock_guard lock(mutex_);
  access_ = std::move(next);
}

std::shared_ptr<const Access> Router::access() const {
  const std::lock_guard lock(mutex_);
  return access_;
}

std::string Router::Answer(const Request& request) {
  const Route* route = FindRoute(request.path, request.method);
  const Response response = Respond(request, route);
  if (response.status == 401) unauthorized_.Increment();
  Count(route == nullptr ? kOther : route->handler, response.status);
  return Serialise(response, request.method != "HEAD");
}

std::string Router::AnswerBroken(int status) {
  const Response response = Problem(status, "bad-request", "the request could not be read");
  Count(kOther, status);
  return Serialise(response, true);
}

const Router::Route* Router::FindRoute(std::string_view path, std::string_view method) {
  const auto is_at = [&](const Route& route) {
    if (route.path.size() > 1 && route.path.ends_with('/')) {
      return path.starts_with(route.path) && path.size() > route.path.size();
    }
    return route.path == path;
  };
  const Route* found = nullptr;
  for (const Route& route : kRoutes) {
    if (!is_at(route)) continue;
    if (Lists(route.methods, method)) return &route;
    if (found == nullptr) found = &route;
  }
  return found;
}

std::string Router::MethodsOf(const Route& first) {
  std::string methods;
  for (const Route& route : kRoutes) {
    if (route.path != first.path) continue;
    methods.append(methods.empty() ? "" : ", ").append(route.methods);
  }
  return methods;
}

Response Router::Respond(const Request& request, const Route* route) {
  const std::shared_ptr<const Access> access = this->access();
  const Guard guard = route == nullptr ? Guard::kRead : route->guard;
  if (auto refused = access->RefuseStranger(request, guard)) return *std::move(refused);
  if (route == nullptr) return Problem(404, "not-found", "there is nothing here; see /");
  if (!Lists(route->methods, request.method)) return WrongMethod(MethodsOf(*route));
  if (auto refused = access->RefuseCaller(request, guard)) return *std::move(refused);
  if (route->methods != kGet) {
    if (auto refused = RefuseBody(request)) return *std::move(refused);
  }
  if (guard == Guard::kMutating) {
    spdlog::info("admin: {} {} by {}", route->methods, route->path, request.peer);
  }
  return Call(request, *route);
}

std::optional<Response> Router::RefuseChange(const Request& request) const {
  const std::shared_ptr<const Access> access = this->access();
  if (auto refused = access->RefuseStranger(request, Guard::kMutating)) return refused;
  return access->RefuseCaller(request, Guard::kMutating);
}

Response Router::Call(const Request& request, const Route& route) {
  try {
    return route.answer(*this, request);
  } catch (const std::exception& failure) {
    CountInternalError();
    spdlog::error("admin: {} could not be answered: {}", route.path, failure.what());
    return Problem(500, "internal", "the answer could not be made");
  }
}

void Router::CountInternalError() {
  context_.registry.AddCounter(metrics::kInternalErrorsTotal, {"admin"}).Increment();
}

void Router::Count(std::string_view handler, int status) {
  context_.registry.AddCounter(kAdminRequests, {handler, std::to_string(status)}).Increment();
}

}  // namespace pgsidecar::admin
