#include "admin/access.h"

#include <strings.h>

#include <algorithm>
#include <utility>

#include "admin/host_rule.h"

namespace pgsidecar::admin {
namespace {

/// The token of `Bearer TOKEN`, or nothing. Schemes have no case (RFC 9110 section 11.1).
std::string_view BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (authorization.size() < kScheme.size() ||
      strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) != 0) {
    return {};
  }
  const std::size_t token = authorization.find_first_not_of(' ', kScheme.size());
  return token == std::string_view::npos ? std::string_view() : authorization.substr(token);
}

Response Unauthorized() {
  Response response =
      Problem(401, "unauthorized", "this call needs a valid token in Authorization: Bearer");
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"pgsidecar\"");
  return response;
}

}  // namespace

Access::Access(const AdminOptions& options, TokenSet tokens, bool loopback)
    : tokens_(std::move(tokens)),
      scope_(options.token_scope),
      hosts_(options.hosts),
      loopback_(loopback) {}

std::optional<Response> Access::RefuseStranger(const Request& request, Guard guard) const {
  const bool mutating = guard == Guard::kMutating;
  const std::size_t hosts = request.HeaderCount("Host");
  if (hosts > 1 || (hosts == 0 && (mutating || request.http_version == "1.1"))) {
    return Problem(400, "bad-host", "one Host header is needed");
  }
  const std::string_view host = request.Header("Host");
  if ((loopback_ || mutating) && hosts == 1 && !IsOurName(host)) {
    return Problem(403, "host-not-allowed",
                   "Host must be an IP address, localhost or a name in admin.hosts");
  }
  const std::size_t origins = request.HeaderCount("Origin");
  if (origins > 1 || (origins == 1 && !IsSameOrigin(request.Header("Origin"), host))) {
    return Problem(403, "origin-not-allowed", "Origin must be this listener itself");
  }
  return std::nullopt;
}

std::optional<Response> Access::RefuseCaller(const Request& request, Guard guard) const {
  if (!AsksForToken(guard)) return std::nullopt;
  if (request.HeaderCount("Authorization") > 1) {
    return Problem(400, "bad-authorization", "one Authorization header is allowed");
  }
  if (tokens_.Contains(BearerToken(request.Header("Authorization")))) return std::nullopt;
  return Unauthorized();
}

bool Access::IsOurName(std::string_view host) const {
  if (IsLocalHost(host)) return true;
  const auto name = HostName(host);
  return name && std::any_of(hosts_.begin(), hosts_.end(), [&](const std::string& ours) {
           return strcasecmp(ours.c_str(), name->c_str()) == 0;
         });
}

bool Access::AsksForToken(Guard guard) const {
  switch (guard) {
    case Guard::kProbe:
      return false;
    case Guard::kRead:
      return !tokens_.empty() && scope_ == TokenScope::kAll;
    case Guard::kMutating:
      return !tokens_.empty() || !loopback_;
  }
  return true;
}

}  // namespace pgsidecar::admin
