#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "comment.h"
#include "operations.h"
#include "pool.h"

namespace demo {

/// User profiles and server lists, kept in the schema `demo`. Thread-safe. Every function throws
/// what libpqxx throws, those that may use operations OperationFailed, too.
class Store {
 public:
  /// `operations`: where profiles and server lists are asked for; null for the database itself.
  Store(Pool& pool, const Operations* operations) : pool_(pool), operations_(operations) {}

  /// Creates and fills the schema if it is not there: 3,000 users with three servers each.
  void Seed();
  void Ping(const RequestContext& context);
  /// One user by number or e-mail address; nothing if there is none.
  std::optional<nlohmann::json> FindUser(const std::string& id_or_email,
                                         const RequestContext& context);
  nlohmann::json ServersOfUser(long user_id, const RequestContext& context);
  nlohmann::json ServersInRegion(const std::string& region, int limit,
                                 const RequestContext& context);
  /// Notes that the user was seen, in a transaction. False if there is no such user.
  bool Touch(long user_id, const RequestContext& context);
  /// The new user's number. Throws pqxx::unique_violation if the address is taken.
  long AddUser(const std::string& email, const std::string& name, const RequestContext& context);
  /// Servers by region and state, at least `seconds` late: the deliberate slow query.
  nlohmann::json UsageReport(double seconds, const RequestContext& context);

 private:
  Pool& pool_;
  const Operations* const operations_;
};

}  // namespace demo
