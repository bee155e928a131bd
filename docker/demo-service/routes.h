#pragma once

#include <string>
#include <string_view>

#include "store.h"

namespace demo {

/// What a handler needs of an HTTP request. Views live as long as the call.
struct Request {
  std::string_view method;
  std::string_view path;   ///< Undecoded, without the query.
  std::string_view query;  ///< Behind the question mark, undecoded.
  std::string_view traceparent;
};

struct Response {
  int status = 200;
  std::string body;  ///< JSON.
};

/// Answers one request. Throws nothing: what PostgreSQL refuses becomes 409, 500 or 503.
/// Thread-safe.
///
///   GET  /healthz                        a round trip to the database
///   GET  /users/{id-or-email}            one profile
///   GET  /users/{id}/servers             the servers of a user
///   POST /users/{id}/touch               notes that the user was seen
///   POST /users?email=&name=             a new user; 409 if the address is taken
///   GET  /servers?region=&limit=         servers of a region
///   GET  /reports/usage?seconds=         the deliberate slow query
Response Answer(Store& store, const Request& request);

}  // namespace demo
