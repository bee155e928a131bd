#include "pgsidecar/query_executor.h"

#include <thread>
#include <utility>

#include "executor/executor_state.h"
#include "executor/row_cache.h"

namespace pgsidecar {
namespace {

constexpr std::size_t kConnectionsMax = 1000;
constexpr std::chrono::milliseconds kStopPatience{100};
constexpr std::chrono::milliseconds kLeavePause{1};

std::string WhatIsWrong(const ExecutorOptions& options) {
  if (options.name.empty()) return "name is empty";
  if (options.connections_max < 1 || options.connections_max > kConnectionsMax) {
    return "connections_max is " + std::to_string(options.connections_max) + "; allowed: 1 to " +
           std::to_string(kConnectionsMax);
  }
  if (options.connections_min > options.connections_max) {
    return "connections_min is above connections_max";
  }
  if (options.wait_max.count() <= 0) return "wait_max is not above 0";
  if (options.deadline.count() < 0) return "deadline is negative";
  if (options.statement_timeout.count() < 0) return "statement_timeout is negative";
  if (options.connect_timeout.count() <= 0) return "connect_timeout is not above 0";
  return {};
}

}  // namespace

QueryExecutor::State::State(const ExecutorOptions& wanted, Telemetry& reports)
    : options(wanted),
      telemetry(reports),
      books(reports.state()),
      clock(books.context.clock),
      pool(options, books, executor::MakeConnect(options.connection, options.connect_timeout)),
      keeper(pool, books) {}

QueryExecutor::State::~State() {
  pool.Stop();
  keeper.CancelAll();
  // The keeper ends what is cancelled and does not end; so this ends, too.
  while (!pool.AwaitAllReturned(kStopPatience)) keeper.CancelAll();
  row_cache.reset();  // Renewals are calls, too.
  while (calls.load() > 0) std::this_thread::sleep_for(kLeavePause);
}

Nanos QueryExecutor::State::DeadlineAfter(Nanos now, std::chrono::nanoseconds wanted) const {
  const std::chrono::nanoseconds limit = wanted.count() > 0 ? wanted : options.deadline;
  if (limit.count() <= 0 || limit.count() > executor::PooledConnection::kNoDeadline - now) {
    return executor::PooledConnection::kNoDeadline;
  }
  return now + limit.count();
}

executor::Call QueryExecutor::State::NewCall(const Operation& operation,
                                             const executor::Asked& asked, Nanos now) const {
  return {.operation = operation.books(),
          .sql = asked.sql,
          .parameters = asked.parameters,
          .deadline = DeadlineAfter(now, asked.options.deadline),
          .statement_timeout = asked.options.statement_timeout,
          .read_only = asked.options.read_only,
          .retry_conflicts = asked.options.retry_conflicts,
          .trace = executor::TraceOf(asked.options.traceparent)};
}

QueryExecutor::QueryExecutor(std::unique_ptr<State> state) : state_(std::move(state)) {}
QueryExecutor::~QueryExecutor() = default;

Outcome<std::unique_ptr<QueryExecutor>> QueryExecutor::Create(const ExecutorOptions& options,
                                                              Telemetry& telemetry) {
  if (std::string wrong = WhatIsWrong(options); !wrong.empty()) {
    return QueryError{.kind = QueryErrorKind::kUsage, .message = std::move(wrong)};
  }
  return std::unique_ptr<QueryExecutor>(
      new QueryExecutor(std::make_unique<State>(options, telemetry)));
}

Telemetry& QueryExecutor::telemetry() const { return state_->telemetry; }

Outcome<Rows> QueryExecutor::Execute(const Operation& operation, std::string_view sql,
                                     const Parameters& parameters, const CallOptions& options) {
  State& state = *state_;
  const State::Entered entered(state);
  const Nanos start = state.clock.Now();
  const executor::Call call = state.NewCall(operation, {sql, parameters, options}, start);
  state.books.in_flight.Increment();
  Nanos now = start;
  Outcome<Rows> outcome = state.Run(call, now);
  state.books.in_flight.Decrement();
  state.books.Finish(operation.books(), {.duration = now - start,
                                         .failed = !outcome.ok(),
                                         .trace = call.trace.present() ? &call.trace : nullptr});
  return outcome;
}

bool QueryExecutor::RetryConflict(const Operation& operation, const QueryError& error,
                                  std::uint32_t attempt) {
  if (attempt >= state_->options.retries_max || !executor::IsConflict(error)) return false;
  operation.books().retries.Increment();
  std::this_thread::sleep_for(executor::PauseBefore(attempt, state_->clock.Now()));
  return true;
}

}  // namespace pgsidecar
