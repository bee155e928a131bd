// A service that looks its users up by id or e-mail address, with a cache of five minutes.
//
//   find_user postgresql://app@db/shop alice@example.org [more ids or addresses]

#include <cstdio>
#include <optional>
#include <string>

#include "pgsidecar/cache.h"
#include "pgsidecar/query_executor.h"

namespace {

struct User {
  std::string id, email, name;
};

class Users {
 public:
  explicit Users(pgsidecar::QueryExecutor& executor)
      : executor_(executor), find_(executor.Named("findUserByIdOrEmail")) {}

  /// Nothing if there is no such user, or the database did not answer.
  std::optional<User> FindByIdOrEmail(const std::string& id_or_email) {
    const auto found = executor_.ExecuteCached(
        find_, "SELECT user_id, email, name FROM users WHERE user_id = $1 OR email = $1",
        pgsidecar::Parameters(id_or_email),
        {.key = "user:" + id_or_email,
         .ttl = std::chrono::seconds(300),
         .tags = {"table:public.users"},
         .call = {.deadline = std::chrono::seconds(2), .read_only = true}});
    if (!found.ok()) {
      const auto name = found.error().error_class();
      std::fprintf(stderr, "no answer: %.*s\n", static_cast<int>(name.size()), name.data());
      return std::nullopt;
    }
    const pgsidecar::Rows& rows = found.value().rows;
    if (rows.empty()) return std::nullopt;
    return User{*rows.Get<std::string>(0, "user_id"), *rows.Get<std::string>(0, "email"),
                *rows.Get<std::string>(0, "name")};
  }

 private:
  pgsidecar::QueryExecutor& executor_;
  const pgsidecar::Operation find_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "usage: find_user CONNECTION ID_OR_EMAIL...\n");
    return 2;
  }
  auto telemetry = pgsidecar::Telemetry::Create({});
  if (!telemetry.ok()) return 1;
  pgsidecar::Cache cache;
  pgsidecar::ExecutorOptions options;
  options.connection = arguments[1];
  auto executor = pgsidecar::QueryExecutor::Create(options, *telemetry.value(), cache);
  if (!executor.ok()) {
    std::fprintf(stderr, "%s\n", executor.error().message.c_str());
    return 1;
  }
  Users users(*executor.value());
  for (int i = 2; i < count; ++i) {
    const auto user = users.FindByIdOrEmail(arguments[i]);
    std::printf("%s: %s\n", arguments[i], user ? user->name.c_str() : "nobody");
  }
  const auto window =
      telemetry.value()->performance().GetMetrics("query.findUserByIdOrEmail.duration");
  if (window)
    std::printf("p95 of %d calls: %.3f ms\n", static_cast<int>(window->count), window->p95);
  return 0;
}
