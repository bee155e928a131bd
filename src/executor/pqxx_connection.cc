#include <poll.h>

#include <exception>
#include <optional>
#include <pqxx/pqxx>
#include <utility>
#include <vector>

#include "executor/connection.h"
#include "executor/pqxx_silence.h"

// All that differs between libpqxx 6.4 and 7, but for pqxx_silence.h, is in this file.

namespace pgsidecar::executor {
namespace {

#if PQXX_VERSION_MAJOR >= 7
constexpr bool kSix = false;
#else
constexpr bool kSix = true;
#endif

/// The rows of a result, which stays where libpq read it.
class PqxxRows final : public RowSource {
 public:
  PqxxRows(pqxx::result result, std::uint64_t affected)
      : result_(std::move(result)),
        rows_(static_cast<std::size_t>(result_.size())),
        columns_(static_cast<std::size_t>(result_.columns())),
        affected_(affected) {}

  std::size_t row_count() const override { return rows_; }
  std::size_t column_count() const override { return columns_; }
  std::uint64_t affected() const override { return affected_; }
  std::string_view ColumnName(std::size_t column) const override {
    return result_.column_name(static_cast<Column>(column));
  }
  std::uint32_t ColumnType(std::size_t column) const override {
    return static_cast<std::uint32_t>(result_.column_type(static_cast<Column>(column)));
  }
  std::optional<std::string_view> Field(std::size_t row, std::size_t column) const override {
    const auto field =
        result_[static_cast<pqxx::result::size_type>(row)][static_cast<Column>(column)];
    if (field.is_null()) return std::nullopt;
    return std::string_view(field.c_str(), static_cast<std::size_t>(field.size()));
  }

 private:
  using Column = pqxx::row::size_type;

  const pqxx::result result_;
  const std::size_t rows_, columns_;
  const std::uint64_t affected_;
};

/// libpqxx 6 forgets the SQLSTATE of some of its exceptions, and 7 of others: their type says it.
std::string SqlstateOf(const std::exception& error) {
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error)) {
    if (!sql->sqlstate().empty()) return sql->sqlstate();
  }
  if (dynamic_cast<const pqxx::serialization_failure*>(&error) != nullptr) return "40001";
  if (dynamic_cast<const pqxx::deadlock_detected*>(&error) != nullptr) return "40P01";
  if (dynamic_cast<const pqxx::statement_completion_unknown*>(&error) != nullptr) return "40003";
  if (dynamic_cast<const pqxx::transaction_rollback*>(&error) != nullptr) return "40000";
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr) return "42501";
  if (dynamic_cast<const pqxx::undefined_table*>(&error) != nullptr) return "42P01";
  if (dynamic_cast<const pqxx::undefined_function*>(&error) != nullptr) return "42883";
  if (dynamic_cast<const pqxx::undefined_column*>(&error) != nullptr) return "42703";
  if (dynamic_cast<const pqxx::too_many_connections*>(&error) != nullptr) return "53300";
  return {};
}

QueryError ErrorOf(const std::exception& error, bool is_open) {
  std::string sqlstate = SqlstateOf(error);
  const bool lost = !is_open || sqlstate.starts_with("08") || sqlstate.starts_with("57P") ||
                    dynamic_cast<const pqxx::broken_connection*>(&error) != nullptr;
  if (lost && sqlstate.empty()) sqlstate = "08006";
  return {.kind = lost ? QueryErrorKind::kConnection : QueryErrorKind::kServer,
          .sqlstate = std::move(sqlstate),
          .message = error.what()};
}

/// Runs `call`, which returns an Outcome; what it throws is an error.
template <class Call>
auto Guarded(const pqxx::connection& connection, Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& error) {
    return ErrorOf(error, connection.is_open());
  }
}

// Deprecated in one version and missing in the other: that a lost session is not opened again by
// itself, with other settings and no prepared statements.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
template <class AnyConnection>
void StayLost(AnyConnection& connection) {
  if constexpr (kSix) connection.inhibit_reactivation(true);
}
#pragma GCC diagnostic pop

/// Version 6 prepares when a statement is used first, unless told to do it now, and remembers what
/// the server refused.
template <class AnyConnection>
void PrepareNow(AnyConnection& connection, const std::string& name) {
  if constexpr (kSix) {
    try {
      connection.prepare_now(name);
    } catch (const std::exception&) {
      connection.unprepare(name);
      throw;
    }
  }
}

#if PQXX_VERSION_MAJOR >= 7
pqxx::params ParamsOf(const Parameters& parameters) {
  pqxx::params params;
  params.reserve(parameters.size());
  for (const auto& value : parameters.values()) {
    if (value) {
      params.append(pqxx::zview(*value));
    } else {
      params.append();
    }
  }
  return params;
}
#else
std::vector<const char*> PointersOf(const Parameters& parameters) {
  std::vector<const char*> pointers;
  pointers.reserve(parameters.size());
  for (const auto& value : parameters.values())
    pointers.push_back(value ? value->c_str() : nullptr);
  return pointers;
}
#endif

pqxx::result RunPrepared(pqxx::transaction_base& work, const std::string& name,
                         const Parameters& parameters) {
#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)
  return work.exec(pqxx::prepped{name}, ParamsOf(parameters));
#elif PQXX_VERSION_MAJOR == 7
  return work.exec_prepared(name, ParamsOf(parameters));
#else
  const auto pointers = PointersOf(parameters);
  return work.exec_prepared(name,
                            pqxx::prepare::make_dynamic_params(pointers.begin(), pointers.end()));
#endif
}

pqxx::result RunOnce(pqxx::transaction_base& work, const std::string& sql,
                     const Parameters& parameters) {
#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 9)
  return work.exec(sql, ParamsOf(parameters));
#elif PQXX_VERSION_MAJOR == 7
  return work.exec_params(sql, ParamsOf(parameters));
#else
  const auto pointers = PointersOf(parameters);
  return work.exec_params(sql,
                          pqxx::prepare::make_dynamic_params(pointers.begin(), pointers.end()));
#endif
}

std::string TextOf(const char* text) { return text == nullptr ? std::string() : text; }

class PqxxConnection final : public Connection {
 public:
  PqxxConnection(const std::string& server, Interrupter& interrupter)
      : interrupter_(interrupter),
        connection_(server),
        silence_(connection_),
        database_(TextOf(connection_.dbname())),
        user_(TextOf(connection_.username())),
        server_(TextOf(connection_.hostname()) + ":" + TextOf(connection_.port())) {
    StayLost(connection_);
    if (connection_.get_client_encoding() != "UTF8") connection_.set_client_encoding("UTF8");
    work_.emplace(connection_);
    interrupter_.Watch(connection_.sock());
  }
  ~PqxxConnection() override { interrupter_.Forget(); }

  Outcome<Done> Prepare(const std::string& name, const std::string& sql) override {
    return Guarded(connection_, [&]() -> Outcome<Done> {
      connection_.prepare(name, sql);
      PrepareNow(connection_, name);
      return Done{};
    });
  }
  Outcome<Rows> ExecutePrepared(const std::string& name, const Parameters& parameters) override {
    return Guarded(connection_,
                   [&]() -> Outcome<Rows> { return Take(RunPrepared(*work_, name, parameters)); });
  }
  Outcome<Done> Unprepare(const std::string& name) override {
    return Guarded(connection_, [&]() -> Outcome<Done> {
      connection_.unprepare(name);
      return Done{};
    });
  }
  Outcome<Rows> ExecuteOnce(const std::string& sql, const Parameters& parameters) override {
    return Guarded(connection_,
                   [&]() -> Outcome<Rows> { return Take(RunOnce(*work_, sql, parameters)); });
  }
  Outcome<Done> Command(const std::string& sql) override {
    return Guarded(connection_, [&]() -> Outcome<Done> {
      work_->exec(sql);
      return Done{};
    });
  }

  void Cancel() override {
    try {
      connection_.cancel_query();
    } catch (const std::exception&) {
      interrupter_.Break();  // The server was not reached: what runs has no answer to wait for.
    }
  }
  bool is_open() const override { return connection_.is_open(); }
  bool IsStale() const override {
    pollfd socket{.fd = connection_.sock(), .events = POLLIN, .revents = 0};
    return ::poll(&socket, 1, 0) != 0;
  }

  const std::string& database() const override { return database_; }
  const std::string& user() const override { return user_; }
  const std::string& server() const override { return server_; }
  std::uint64_t backend() const override {
    return static_cast<std::uint64_t>(connection_.backendpid());
  }

 private:
  /// Of a statement that returned rows the count of those says nothing: it may be a SELECT.
  static Rows Take(pqxx::result result) {
    const auto affected = static_cast<std::uint64_t>(result.affected_rows());
    return Rows(std::make_shared<const PqxxRows>(std::move(result), affected));
  }

  Interrupter& interrupter_;
  pqxx::connection connection_;
  const PqxxSilence silence_;
  const std::string database_, user_, server_;
  std::optional<pqxx::nontransaction> work_;  ///< Sends no BEGIN; transactions are our own.
};

}  // namespace

Connect MakeConnect(const std::string& connection, std::chrono::nanoseconds connect_timeout) {
  return [text = WithConnectTimeout(connection, connect_timeout)](
             Interrupter& interrupter) -> Outcome<std::unique_ptr<Connection>> {
    try {
      return std::unique_ptr<Connection>(std::make_unique<PqxxConnection>(text, interrupter));
    } catch (const std::exception& error) {
      QueryError failure = ErrorOf(error, /*is_open=*/false);
      if (failure.sqlstate == "08006") failure.sqlstate = "08001";
      return failure;
    }
  };
}

}  // namespace pgsidecar::executor
