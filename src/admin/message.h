#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgsidecar::admin {

/// How far the body of a request was read.
enum class Body : std::uint8_t {
  kNone,
  kRead,      ///< To its end.
  kTooLarge,  ///< Longer than is read.
  kBroken,    ///< Cut short, too slow, or of a length that is stated in two ways.
};

/// What of an HTTP request the handlers look at. Views live as long as the request.
struct Request {
  std::string_view method;
  std::string_view path;   ///< As sent, never decoded: `/%6detrics` is unknown.
  std::string_view query;  ///< Without the `?`.
  std::string_view http_version;
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view peer;  ///< The client's IP address.
  Body body = Body::kNone;
  std::string content = {};  ///< Of a body that was read.

  /// The value of the first header of that name in any case, or empty.
  std::string_view Header(std::string_view name) const;
  std::size_t HeaderCount(std::string_view name) const;
};

/// A whole answer. The server adds the headers that every answer has.
struct Response {
  int status = 200;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string_view, std::string>> headers = {};
};

/// The reason phrase of a status that this listener sends (RFC 9110 section 15).
std::string_view ReasonPhrase(int status);

/// Head and, unless the method was HEAD, body as they go to the client.
std::string Serialise(const Response& response, bool with_body);

/// An RFC 9457 problem. `slug` becomes `urn:pgsidecar:problem:<slug>` and stays the same for ever.
Response Problem(int status, std::string_view slug, const std::string& detail);
/// The same with the extension member `errors`.
Response Problem(int status, std::string_view slug, const std::string& detail,
                 const std::vector<std::string>& errors);

/// Status and slug of a problem.
struct ProblemKind {
  int status;
  std::string_view slug;
};
using ProblemMembers = std::vector<std::pair<std::string, std::string>>;
/// The same with extension members of text.
Response ProblemWith(const ProblemKind& kind, const std::string& detail,
                     const ProblemMembers& members);

/// 200, or another good status, with a JSON body.
Response JsonAnswer(std::string body, int status = 200);

}  // namespace pgsidecar::admin
