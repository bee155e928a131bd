#include "routes.h"

#include <civetweb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace demo {
namespace {

using nlohmann::json;

constexpr int kListMax = 200;

Response Ok(const json& body) { return {200, body.dump() + "\n"}; }
Response Failure(int status, std::string_view message) {
  return {status, json({{"error", message}}).dump() + "\n"};
}

std::vector<std::string_view> Segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

std::string Decoded(std::string_view text) {
  std::array<char, 256> buffer{};
  const int length = mg_url_decode(text.data(), static_cast<int>(text.size()), buffer.data(),
                                   static_cast<int>(buffer.size()), 0);
  return length < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(length));
}

std::string Variable(const Request& request, const char* name) {
  std::array<char, 256> buffer{};
  const int length =
      mg_get_var(request.query.data(), request.query.size(), name, buffer.data(), buffer.size());
  return length < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(length));
}

template <typename Number>
std::optional<Number> Parse(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

RequestContext Context(const Request& request, std::string_view route) {
  return {std::string(route), std::string(request.traceparent)};
}

Response User(Store& store, const Request& request, std::string_view id) {
  const auto user = store.FindUser(Decoded(id), Context(request, "/users/{id}"));
  return user.has_value() ? Ok(*user) : Failure(404, "no such user");
}

Response UserPart(Store& store, const Request& request,
                  const std::vector<std::string_view>& segments) {
  const auto id = Parse<long>(segments[1]);
  if (!id.has_value()) {
    return Failure(400, "the user's number is expected");
  }
  if (request.method == "GET" && segments[2] == "servers") {
    return Ok(store.ServersOfUser(*id, Context(request, "/users/{id}/servers")));
  }
  if (request.method == "POST" && segments[2] == "touch") {
    return store.Touch(*id, Context(request, "/users/{id}/touch")) ? Ok({{"touched", *id}})
                                                                   : Failure(404, "no such user");
  }
  return Failure(404, "no such resource");
}

Response NewUser(Store& store, const Request& request) {
  const std::string email = Variable(request, "email");
  if (email.empty()) {
    return Failure(400, "email is missing");
  }
  const long id = store.AddUser(email, Variable(request, "name"), Context(request, "/users"));
  return {201, json({{"id", id}}).dump() + "\n"};
}

Response Servers(Store& store, const Request& request) {
  const int limit = Parse<int>(Variable(request, "limit")).value_or(50);
  return Ok(store.ServersInRegion(Variable(request, "region"), std::clamp(limit, 1, kListMax),
                                  Context(request, "/servers")));
}

Response Usage(Store& store, const Request& request) {
  const double seconds = Parse<double>(Variable(request, "seconds")).value_or(0);
  return Ok(store.UsageReport(std::clamp(seconds, 0.0, 30.0), Context(request, "/reports/usage")));
}

Response Dispatch(Store& store, const Request& request) {
  const std::vector<std::string_view> segments = Segments(request.path);
  const bool get = request.method == "GET";
  if (get && request.path == "/healthz") {
    store.Ping(Context(request, "/healthz"));
    return Ok({{"status", "ok"}});
  }
  if (get && request.path == "/servers") {
    return Servers(store, request);
  }
  if (get && request.path == "/reports/usage") {
    return Usage(store, request);
  }
  if (request.method == "POST" && request.path == "/users") {
    return NewUser(store, request);
  }
  if (!segments.empty() && segments[0] == "users") {
    if (get && segments.size() == 2) {
      return User(store, request, segments[1]);
    }
    if (segments.size() == 3) {
      return UserPart(store, request, segments);
    }
  }
  return Failure(404, "no such resource");
}

}  // namespace

Response Answer(Store& store, const Request& request) {
  try {
    return Dispatch(store, request);
  } catch (const pqxx::broken_connection& error) {
    return Failure(503, error.what());
  } catch (const OperationFailed& error) {
    return Failure(503, error.what());
  } catch (const pqxx::unique_violation&) {
    return Failure(409, "the address is taken");
  } catch (const std::exception& error) {
    return Failure(500, error.what());
  }
}

}  // namespace demo
