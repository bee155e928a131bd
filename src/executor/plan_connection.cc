#include "executor/plan_connection.h"

#include <exception>
#include <pqxx/pqxx>
#include <utility>

#include "executor/pqxx_silence.h"

namespace pgsidecar::executor {
namespace {

constexpr int kServerVersionMin = 120000;  // The first with plan_cache_mode.

constexpr const char* kPrepared = "pgsidecar";
constexpr const char* kParameterCount =
    "SELECT pg_catalog.cardinality(parameter_types) FROM pg_catalog.pg_prepared_statements "
    "WHERE name OPERATOR(pg_catalog.=) 'pgsidecar'";

/// `text` as exactly one command: the extended protocol takes no second one. libpqxx renamed the
/// call in 7.9 and warns about the old name.
pqxx::result ExecuteOne(pqxx::transaction_base& transaction, const std::string& text) {
#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 9)
  return transaction.exec(text, pqxx::params{});
#else
  return transaction.exec_params(text);
#endif
}

/// `sqlstate` may be empty: libpqxx 6 forgets it in some of its exceptions.
SkipReason ReasonOf(const std::string& sqlstate, bool is_open) {
  if (sqlstate == "57014" || sqlstate == "55P03") return SkipReason::kTimeout;
  const bool lost = !is_open || sqlstate.starts_with("08") || sqlstate.starts_with("57P");
  return lost ? SkipReason::kConnection : SkipReason::kError;
}

/// Everything is local to one transaction that is rolled back: nothing stays in the session, which
/// may belong to a pooler.
std::string Opening(const ExplainOptions& options) {
  const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(options.timeout).count();
  return "BEGIN READ ONLY; SET LOCAL search_path = ''; SET LOCAL statement_timeout = " +
         std::to_string(timeout) +
         "; SET LOCAL lock_timeout = 100; SET LOCAL idle_in_transaction_session_timeout = 10000; "
         "SET LOCAL client_min_messages = error; SET LOCAL plan_cache_mode = force_generic_plan";
}

bool CanAnalyze(const metrics::SlowEvent& statement) {
  return statement.command == "SELECT" && statement.query.find('$') == std::string::npos;
}

class PqxxPlanConnection final : public PlanConnection {
 public:
  PqxxPlanConnection(const std::string& server, const ExplainOptions& options,
                     Interrupter& interrupter)
      : options_(options),
        interrupter_(interrupter),
        connection_(server),
        silence_(connection_),
        database_(connection_.dbname()) {
    interrupter_.Watch(connection_.sock());
  }
  ~PqxxPlanConnection() override { interrupter_.Forget(); }

  const std::string& database() const override { return database_; }

  PlanAnswer Explain(const metrics::SlowEvent& statement) override {
    try {
      return TryExplain(statement);
    } catch (const pqxx::broken_connection&) {
      return {SkipReason::kConnection, {}};
    } catch (const pqxx::sql_error& error) {
      return {ReasonOf(error.sqlstate(), connection_.is_open()), {}};
    } catch (const std::exception&) {
      return {ReasonOf({}, connection_.is_open()), {}};
    }
  }

 private:
  PlanAnswer TryExplain(const metrics::SlowEvent& statement) {
    if (connection_.server_version() < kServerVersionMin) return {SkipReason::kServerVersion, {}};
    pqxx::nontransaction session(connection_);  // Its own BEGIN may reconnect.
    session.exec(Opening(options_));
    const pqxx::result superuser =
        session.exec("SELECT pg_catalog.current_setting('is_superuser')");
    if (superuser[0][0].c_str() != std::string("off")) return {SkipReason::kSuperuser, {}};
    // The names of the statement mean what they mean to this role by default.
    session.exec("SET LOCAL search_path TO DEFAULT");
    ExecuteOne(session, std::string("PREPARE ") + kPrepared + " AS " + statement.query);
    const auto parameters = session.exec(kParameterCount)[0][0].as<int>();
    std::string explain = "EXPLAIN (FORMAT JSON";
    if (options_.analyze && CanAnalyze(statement)) explain += ", ANALYZE";
    explain.append(") EXECUTE ").append(kPrepared);
    for (int i = 0; i < parameters; ++i) explain += i == 0 ? "(NULL" : ", NULL";
    if (parameters > 0) explain += ')';
    PlanAnswer answer{std::nullopt, session.exec(explain)[0][0].c_str()};
    session.exec(std::string("DEALLOCATE ") + kPrepared + "; ROLLBACK");
    return answer;
  }

  const ExplainOptions options_;
  Interrupter& interrupter_;
  pqxx::connection connection_;
  const PqxxSilence silence_;
  const std::string database_;
};

}  // namespace

ConnectForPlans MakeConnectForPlans(const ConnectionOptions& server,
                                    const ExplainOptions& options) {
  return [text = ConnectionString(server),
          options](Interrupter& interrupter) -> std::unique_ptr<PlanConnection> {
    try {
      return std::make_unique<PqxxPlanConnection>(text, options, interrupter);
    } catch (const std::exception&) {
      return nullptr;  // What it says may hold a server message.
    }
  };
}

}  // namespace pgsidecar::executor
