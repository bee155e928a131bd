#include "admin/message.h"

#include <strings.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

namespace pgsidecar::admin {
namespace {

constexpr std::string_view kCommonHeaders =
    "Cache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\n"
    "Connection: close\r\n";

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

/// IMF-fixdate of now (RFC 9110 section 5.6.7).
std::string Date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[40];
  return {text, std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

}  // namespace

std::string_view Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (SameName(key, name)) return value;
  }
  return {};
}

std::size_t Request::HeaderCount(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [&](auto& header) { return SameName(header.first, name); }));
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

std::string Serialise(const Response& response, bool with_body) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out.append(ReasonPhrase(response.status)).append("\r\nDate: ").append(Date());
  out.append("\r\nContent-Type: ").append(response.content_type);
  out.append("\r\nContent-Length: ").append(std::to_string(response.body.size()));
  out.append("\r\n").append(kCommonHeaders);
  for (const auto& [name, value] : response.headers) {
    out.append(name).append(": ").append(value).append("\r\n");
  }
  out.append("\r\n");
  if (with_body) out.append(response.body);
  return out;
}

Response Problem(int status, std::string_view slug, const std::string& detail) {
  return Problem(status, slug, detail, {});
}

namespace {

nlohmann::ordered_json ProblemBody(const ProblemKind& kind, const std::string& detail) {
  nlohmann::ordered_json body;
  body["type"] = "urn:pgsidecar:problem:" + std::string(kind.slug);
  body["title"] = ReasonPhrase(kind.status);
  body["status"] = kind.status;
  body["detail"] = detail;
  return body;
}

Response ProblemAnswer(int status, const nlohmann::ordered_json& body) {
  return {status, "application/problem+json",
          body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

}  // namespace

Response Problem(int status, std::string_view slug, const std::string& detail,
                 const std::vector<std::string>& errors) {
  auto body = ProblemBody({status, slug}, detail);
  if (!errors.empty()) body["errors"] = errors;
  return ProblemAnswer(status, body);
}

Response ProblemWith(const ProblemKind& kind, const std::string& detail,
                     const ProblemMembers& members) {
  auto body = ProblemBody(kind, detail);
  for (const auto& [name, value] : members) body[name] = value;
  return ProblemAnswer(kind.status, body);
}

Response JsonAnswer(std::string body, int status) {
  return {status, "application/json", std::move(body)};
}

}  // namespace pgsidecar::admin
