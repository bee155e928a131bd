#include <algorithm>
#include <thread>
#include <utility>

#include "executor/executor_state.h"

// How a statement runs on a connection, and how it comes into the books.

namespace pgsidecar {
namespace {

using executor::Attempt;
using executor::Call;
using executor::CloseReason;
using executor::PooledConnection;
using executor::PreparedStatement;

/// Room for the answer to a call that was cancelled.
constexpr std::string_view kCancelledSqlstate = "57014";

bool Writes(metrics::Command command) {
  return command == metrics::Command::kInsert || command == metrics::Command::kUpdate ||
         command == metrics::Command::kDelete || command == metrics::Command::kMerge;
}

metrics::Sqlstate ToSqlstate(std::string_view text) {
  metrics::Sqlstate sqlstate{};
  if (metrics::IsSqlstate(text)) std::copy(text.begin(), text.end(), sqlstate.begin());
  return sqlstate;
}

QueryError Usage(std::string message) {
  return {.kind = QueryErrorKind::kUsage, .message = std::move(message)};
}

}  // namespace

Outcome<Rows> QueryExecutor::State::Run(const Call& call, Nanos& now) {
  if (auto wrong = executor::CheckCall(call.sql, call.parameters)) return *std::move(wrong);
  for (std::uint32_t retry = 0;; ++retry) {
    auto borrowed = pool.Borrow(now, call.deadline);
    Attempt attempt{.outcome = Rows()};
    if (borrowed.ok()) {
      executor::ConnectionPtr connection = std::move(borrowed.value().connection);
      attempt = RunOn(*connection, call, borrowed.value().now);
      now = attempt.end;
      pool.Return(std::move(connection), now, attempt.close);
    } else {
      now = clock.Now();
      attempt.outcome = borrowed.error();
    }
    if (attempt.outcome.ok()) return std::move(attempt.outcome);
    if (retry == options.retries_max || !executor::IsRepeatable(attempt, call)) {
      return std::move(attempt.outcome);
    }
    const auto pause =
        attempt.stale_plan ? std::chrono::nanoseconds(0) : executor::PauseBefore(retry, now);
    if (pause.count() >= call.deadline - now) return std::move(attempt.outcome);
    call.operation.retries.Increment();
    std::this_thread::sleep_for(pause);
    now = clock.Now();
  }
}

Attempt QueryExecutor::State::RunOn(PooledConnection& connection, const Call& call, Nanos start) {
  Attempt attempt{.outcome = Rows(), .start = start, .end = start};
  if (call.deadline <= start) {
    attempt.outcome =
        QueryError{.kind = QueryErrorKind::kDeadline, .message = "the deadline has passed"};
    return attempt;
  }
  PreparedStatement* found = connection.statements.Find(call.sql, call.operation);
  PreparedStatement& statement = found != nullptr ? *found : Make(connection, call);
  if (statement.known.command == metrics::Command::kTransaction && !call.in_transaction) {
    attempt.outcome = Usage("a transaction block needs QueryExecutor::Begin");
    connection.statements.Drop(statement);
    return attempt;
  }
  connection.Start(start, call.deadline, statement);
  keeper.Watch(call.deadline);
  const auto ready = Ready(connection, call, statement);
  if (ready.ok()) {
    attempt.outcome = Send(connection, call, statement, attempt);
  } else {
    attempt.outcome = ready.error();
  }
  attempt.end = clock.Now();
  Judge(connection, call, connection.End(), attempt);
  Record(connection, call, statement, attempt);
  if (!ready.ok() || attempt.stale_plan) connection.statements.Drop(statement);
  return attempt;
}

/// A statement that this connection has not seen. One that it has to forget for it leaves.
PreparedStatement& QueryExecutor::State::Make(PooledConnection& connection, const Call& call) {
  PreparedStatement* surplus = connection.statements.Surplus();
  // A block that has failed takes no command: the next one makes room.
  if (surplus != nullptr && connection.transaction_status != 'E') {
    // If the session is over, what follows says so.
    if (surplus->prepared) (void)connection.link->Unprepare(surplus->name);
    connection.statements.Drop(*surplus);
  }
  return connection.statements.Add(call.sql, call.operation, *connection.database);
}

/// What has to be sent before the statement itself.
Outcome<Done> QueryExecutor::State::Ready(PooledConnection& connection, const Call& call,
                                          PreparedStatement& statement) {
  const auto wanted =
      call.statement_timeout.count() > 0 ? call.statement_timeout : options.statement_timeout;
  if (connection.statement_timeout != wanted && !call.is_control) {
    const auto set = connection.link->Command(
        wanted.count() > 0 ? "SET statement_timeout = " + std::to_string(wanted.count())
                           : std::string("SET statement_timeout TO DEFAULT"));
    if (!set.ok()) return set.error();
    connection.statement_timeout = wanted;
  }
  if (statement.prepared || statement.name.empty() || call.is_control) return Done{};
  auto done = connection.link->Prepare(statement.name, statement.sql);
  statement.prepared = done.ok();
  return done;
}

Outcome<Rows> QueryExecutor::State::Send(PooledConnection& connection, const Call& call,
                                         PreparedStatement& statement, Attempt& attempt) {
  attempt.sent = true;
  if (statement.name.empty() || call.is_control) {
    return connection.link->ExecuteOnce(statement.sql, call.parameters);
  }
  auto outcome = connection.link->ExecutePrepared(statement.name, call.parameters);
  if (outcome.ok() || outcome.error().kind != QueryErrorKind::kServer) return outcome;
  const std::string& sqlstate = outcome.error().sqlstate;
  attempt.stale_plan = sqlstate == "26000" || sqlstate == "0A000";
  if (attempt.stale_plan && sqlstate != "26000" && !call.in_transaction) {
    (void)connection.link->Unprepare(statement.name);  // Its name is not used again either way.
  }
  return outcome;
}

/// What the error means to the caller, and whether the connection lives on.
void QueryExecutor::State::Judge(PooledConnection& connection, const Call& call, bool cancelled,
                                 Attempt& attempt) {
  if (cancelled) attempt.close = CloseReason::kDeadline;
  if (attempt.outcome.ok()) return;
  QueryError error = attempt.outcome.error();
  const bool lost = error.kind == QueryErrorKind::kConnection || !connection.link->is_open();
  error.in_doubt = lost && attempt.sent && !call.read_only;
  if (lost && !cancelled) attempt.close = CloseReason::kBroken;
  if (lost) error.kind = QueryErrorKind::kConnection;
  if (cancelled && (lost || error.sqlstate == kCancelledSqlstate)) {
    error.kind = pool.stopping() ? QueryErrorKind::kShutdown : QueryErrorKind::kDeadline;
    error.sqlstate = kCancelledSqlstate;
  }
  attempt.outcome = std::move(error);
}

void QueryExecutor::State::Record(PooledConnection& connection, const Call& call,
                                  const PreparedStatement& statement, const Attempt& attempt) {
  metrics::Execution execution;
  execution.command = statement.known.command;
  execution.duration = attempt.end - attempt.start;
  if (attempt.outcome.ok()) {
    const Rows& rows = attempt.outcome.value();
    if (rows.columns() > 0) execution.rows_returned = rows.size();
    if (Writes(execution.command)) execution.rows_affected = rows.affected();
  } else {
    execution.failed = true;
    execution.sqlstate = ToSqlstate(attempt.outcome.error().sqlstate);
  }
  Referenced& cell = *statement.known.cell;
  const bool slow = books.statements.Record(
      {connection.database, &cell, &execution, call.trace.present() ? &call.trace : nullptr});
  if (!slow) return;
  metrics::SlowEvent event;
  event.unix_time = clock.UnixNow();
  event.duration_s = ToSeconds(execution.duration);
  books.statements.Describe(cell, event);
  event.operation = call.operation.name;
  event.rows = execution.rows_returned + execution.rows_affected;
  event.sqlstate = metrics::View(execution.sqlstate);
  event.tx = connection.transaction_status;
  event.extended = true;
  event.datname = connection.database->datname();
  event.user = connection.link->user();
  event.upstream = connection.link->server();
  event.session = connection.id;
  event.trace_id = call.trace.trace_id;
  event.span_id = call.trace.span_id;
  books.context.slow_log.Submit(std::move(event));
}

}  // namespace pgsidecar
