#include "admin/routes.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <utility>

#include "admin/admin_metrics.h"
#include "admin/host_rule.h"
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
constexpr std::string_view kAllow = "GET, HEAD";

struct Route {
  std::string_view path;
  std::string_view handler;  ///< The label of admin_requests_total.
  Response (*answer)(Router&, const Request&);
};

Response Metrics(Router& router, const Request& request) {
  const ScrapeGate::Pass pass(router.scrapes());
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

constexpr std::array<Route, 10> kRoutes = {{
    {"/", "index", Index},
    {"/app.js", "asset", AppJs},
    {"/style.css", "asset", StyleCss},
    {"/icon.svg", "asset", IconSvg},
    {"/metrics", "metrics", Metrics},
    {"/startup", "startup", Startup},
    {"/healthz", "healthz", Live},
    {"/readyz", "readyz", Ready},
    {"/api/v1/statements", "statements", Statements},
    {"/api/v1/slow-queries", "slow_queries", SlowQueries},
}};

/// Requests that reach no handler are counted under this name.
constexpr std::string_view kOther = "other";

const Route* FindRoute(std::string_view path) {
  const auto* found = std::find_if(kRoutes.begin(), kRoutes.end(),
                                   [&](const Route& route) { return route.path == path; });
  return found == kRoutes.end() ? nullptr : found;
}

/// RFC 9112 section 3.2, and the guard against DNS rebinding.
std::optional<Response> RefuseStranger(const Request& request, bool local_only) {
  const std::size_t hosts = request.HeaderCount("Host");
  if (hosts > 1 || (hosts == 0 && request.http_version == "1.1")) {
    return Problem(400, "bad-host", "one Host header is needed");
  }
  const std::string_view host = request.Header("Host");
  if (local_only && hosts == 1 && !IsLocalHost(host)) {
    return Problem(403, "host-not-allowed",
                   "this listener answers only to an IP address or localhost in Host");
  }
  if (request.HeaderCount("Origin") > 0 && !IsSameOrigin(request.Header("Origin"), host)) {
    return Problem(403, "origin-not-allowed", "Origin must be this listener itself");
  }
  return std::nullopt;
}

Response Dispatch(Router& router, const Request& request, const Route* route) {
  if (route == nullptr) return Problem(404, "not-found", "there is nothing here; see /");
  if (request.method != "GET" && request.method != "HEAD") {
    Response refused = Problem(405, "method-not-allowed", "allowed: " + std::string(kAllow));
    refused.headers.emplace_back("Allow", kAllow);
    return refused;
  }
  try {
    return route->answer(router, request);
  } catch (const std::exception& failure) {
    router.CountInternalError();
    spdlog::error("admin: {} could not be answered: {}", route->path, failure.what());
    return Problem(500, "internal", "the answer could not be made");
  }
}

}  // namespace

Router::Router(AdminContext context, bool local_only)
    : context_(std::move(context)),
      local_only_(local_only),
      page_(RenderPage(kIndexHtml, {context_.version, context_.upstream, context_.wire_address})),
      scrapes_(kScrapes, kScrapePatience) {
  for (const Route& route : kRoutes)
    context_.registry.AddCounter(kAdminRequests, {route.handler, "200"});
  context_.registry.AddCounter(kAdminRequests, {kOther, "404"});
}

std::string Router::Answer(const Request& request) {
  const Route* route = FindRoute(request.path);
  std::optional<Response> refused = RefuseStranger(request, local_only_);
  const Response response = refused ? *std::move(refused) : Dispatch(*this, request, route);
  Count(route == nullptr ? kOther : route->handler, response.status);
  return Serialise(response, request.method != "HEAD");
}

std::string Router::AnswerBroken(int status) {
  const Response response = Problem(status, "bad-request", "the request could not be read");
  Count(kOther, status);
  return Serialise(response, true);
}

void Router::CountInternalError() {
  context_.registry.AddCounter(metrics::kInternalErrorsTotal, {"admin"}).Increment();
}

void Router::Count(std::string_view handler, int status) {
  context_.registry.AddCounter(kAdminRequests, {handler, std::to_string(status)}).Increment();
}

}  // namespace pgsidecar::admin
