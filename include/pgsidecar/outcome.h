#pragma once

#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace pgsidecar {

/// What kind of thing went wrong, for a caller that has to decide what to do.
enum class QueryErrorKind : std::uint8_t {
  kUsage,       ///< The call itself is wrong: nothing was sent. `message` says what to change.
  kPool,        ///< No connection came free: the wait queue was full, or the wait was over.
  kConnection,  ///< PostgreSQL could not be reached, or the connection broke.
  kDeadline,    ///< The deadline of the call passed; the statement was cancelled.
  kServer,      ///< PostgreSQL answered with an error; `sqlstate` says which.
  kShutdown,    ///< The executor is being destroyed.
};

/// Why a call failed.
struct QueryError {
  QueryErrorKind kind = QueryErrorKind::kServer;
  /// Five characters, PostgreSQL manual, appendix A; empty if there is none.
  std::string sqlstate{};
  /// What the server or libpqxx said. It may quote data: show it to a developer, never log it.
  std::string message{};
  /// Whether the statement may have taken effect: it was sent, and no answer came back.
  bool in_doubt = false;

  /// The value of the label `error_class`: `constraint`, `deadlock`, `connection`, ...
  std::string_view error_class() const;
};

/// A value, or the QueryError that took its place.
template <class T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}           // NOLINT
  Outcome(QueryError error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  /// Requires: ok().
  const T& value() const& { return *std::get_if<0>(&state_); }
  T& value() & { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  /// Requires: !ok().
  const QueryError& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, QueryError> state_;
};

/// Success without a value.
struct Done {};

}  // namespace pgsidecar
