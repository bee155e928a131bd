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
#include "admin/control_api.h"
#include "admin/page.h"
#include "admin/slow_queries_api.h"
#include "admin/statements_api.h"
#include "metrics/exposition.h"
#include "metrics/self_metrics.h"

namespace pgsidecar::admin {
namespace {

constexpr int kScrapes = 4;
constexpr std::chrono::milliseconds kScrapePatience{1000};
constexpr std::string_view kText = "text/plain; charset=utf-8";

// The methods of a route, as Allow lists them.
constexpr std::string_view kGet = "GET, HEAD";
constexpr std::string_view kPost = "POST";

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
    return Problem(413, "body-too-large", "the body is longer than 64 KiB");
  }
  if (request.body == Body::kBroken) {
    return Problem(400, "bad-body", "the body could not be read to its end");
  }
  return std::nullopt;
}

Response WrongMethod(std::string_view methods) {
  Response refused = Problem(405, "method-not-allowed", "allowed: " + std::string(methods));
  refused.headers.emplace_back("Allow", methods);
  return refused;
}

}  // namespace

struct Router::Route {
  std::string_view path;
  std::string_view handler;  ///< The label of admin_requests_total.
  std::string_view methods;
  Guard guard;
  int success;  ///< The status when all is well.
  Response (*answer)(Router&, const Request&);
};

/// Every route, and in which way it is guarded.
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
    {"/-/reload", "reload", kPost, Guard::kMutating, 200, Reload},
    {"/-/drain", "drain", kPost, Guard::kMutating, 202, Drain},
};

Router::Router(AdminContext context, Access access)
    : context_(std::move(context)),
      page_(RenderPage(kIndexHtml, {context_.version, context_.upstream, context_.wire_address})),
      unauthorized_(context_.registry.AddCounter(kAdminUnauthorized)),
      scrapes_(kScrapes, kScrapePatience),
      reloads_(1, std::chrono::milliseconds(0)),
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
  const Route* route = FindRoute(request.path);
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

const Router::Route* Router::FindRoute(std::string_view path) {
  const auto* found = std::find_if(std::begin(kRoutes), std::end(kRoutes),
                                   [&](const Route& route) { return route.path == path; });
  return found == std::end(kRoutes) ? nullptr : found;
}

Response Router::Respond(const Request& request, const Route* route) {
  const std::shared_ptr<const Access> access = this->access();
  const Guard guard = route == nullptr ? Guard::kRead : route->guard;
  if (auto refused = access->RefuseStranger(request, guard)) return *std::move(refused);
  if (route == nullptr) return Problem(404, "not-found", "there is nothing here; see /");
  if (!Lists(route->methods, request.method)) return WrongMethod(route->methods);
  if (auto refused = access->RefuseCaller(request, guard)) return *std::move(refused);
  if (guard == Guard::kMutating) {
    if (auto refused = RefuseBody(request)) return *std::move(refused);
    spdlog::info("admin: {} {} by {}", route->methods, route->path, request.peer);
  }
  return Call(request, *route);
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
