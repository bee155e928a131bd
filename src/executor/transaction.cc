#include "pgsidecar/transaction.h"

#include <cctype>
#include <thread>
#include <utility>

#include "executor/executor_state.h"

namespace pgsidecar {
namespace {

std::string BeginText(const TransactionOptions& options) {
  std::string text = "BEGIN";
  switch (options.isolation) {
    case Isolation::kDefault:
      break;
    case Isolation::kReadCommitted:
      text += " ISOLATION LEVEL READ COMMITTED";
      break;
    case Isolation::kRepeatableRead:
      text += " ISOLATION LEVEL REPEATABLE READ";
      break;
    case Isolation::kSerializable:
      text += " ISOLATION LEVEL SERIALIZABLE";
      break;
  }
  if (options.read_only) text += " READ ONLY";
  if (options.deferrable) text += " DEFERRABLE";
  return text;
}

/// Upper-case words of a statement, up to two.
std::string FirstWords(std::string_view sql) {
  std::string words;
  for (const char c : sql) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalpha(byte) != 0) {
      words += static_cast<char>(std::toupper(byte));
    } else if (std::isspace(byte) == 0 || words.find(' ') != std::string::npos) {
      break;
    } else if (!words.empty()) {
      words += ' ';
    }
  }
  return words;
}

/// Whether a statement would end the block behind our back.
bool EndsBlock(std::string_view sql) {
  const std::string words = FirstWords(sql);
  if (words.starts_with("ROLLBACK")) return !words.starts_with("ROLLBACK TO");
  for (const char* verb : {"BEGIN", "START", "COMMIT", "END", "ABORT", "PREPARE TRANSACTION"}) {
    if (words.starts_with(verb)) return true;
  }
  return false;
}

QueryError Over() {
  return {.kind = QueryErrorKind::kUsage, .message = "the transaction block is over"};
}

}  // namespace

/// The block as one call of its operation, from Begin to its end.
class Transaction::State {
 public:
  State(QueryExecutor::State& owner, OperationBooks& operation, const TransactionOptions& options)
      : entered_(owner),
        executor_(owner),
        operation_(operation),
        options_(options),
        trace_(executor::TraceOf(options.traceparent)),
        start_(owner.clock.Now()),
        block_deadline_(options.deadline.count() > 0 ? owner.DeadlineAfter(start_, options.deadline)
                                                     : 0) {
    executor_.books.in_flight.Increment();
  }
  ~State() {
    if (connection_ != nullptr) Rollback();
    executor_.books.in_flight.Decrement();
    executor_.books.Finish(operation_, {.duration = now() - start_,
                                        .failed = !committed_,
                                        .trace = trace_.present() ? &trace_ : nullptr});
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// A block that was not begun may be begun again, on another connection.
  Outcome<Done> Begin() {
    for (std::uint32_t retry = 0;; ++retry) {
      const auto begun = TryBegin();
      const bool lost = !begun.ok() && begun.error().kind == QueryErrorKind::kConnection;
      if (!lost || retry == executor_.options.retries_max) return begun;
      operation_.retries.Increment();
      std::this_thread::sleep_for(executor::PauseBefore(retry, now()));
    }
  }

  Outcome<Rows> Execute(std::string_view sql, const Parameters& parameters) {
    if (connection_ == nullptr) return Over();
    if (auto wrong = executor::CheckCall(sql, parameters)) return *std::move(wrong);
    if (EndsBlock(sql)) {
      return QueryError{.kind = QueryErrorKind::kUsage,
                        .message = "a block is ended by Commit or Rollback"};
    }
    executor::Call call = NewCall(sql, parameters);
    const Nanos start = now();
    connection_->database->AddTransactionIdle(start - last_end_);
    executor::Attempt attempt = executor_.RunOn(*connection_, call, start);
    last_end_ = attempt.end;
    // What succeeds after a failure is a rollback to a savepoint, or comes behind one.
    failed_ = !attempt.outcome.ok() && attempt.outcome.error().kind != QueryErrorKind::kUsage;
    connection_->transaction_status = failed_ ? 'E' : 'T';
    if (attempt.close) Close(*attempt.close);
    return std::move(attempt.outcome);
  }

  Outcome<Done> Commit() {
    if (connection_ == nullptr) return Over();
    if (failed_) {
      Rollback();
      return QueryError{.kind = QueryErrorKind::kServer,
                        .sqlstate = "25P02",
                        .message = "a statement of the block failed: it was rolled back"};
    }
    executor::Attempt attempt = Control("COMMIT");
    committed_ = attempt.outcome.ok();
    End(attempt, !committed_);
    if (committed_) return Done{};
    return attempt.outcome.error();
  }

  void Rollback() {
    if (connection_ == nullptr) return;
    const executor::Attempt attempt = Control("ROLLBACK");
    End(attempt, true);
  }

 private:
  Nanos now() const { return executor_.clock.Now(); }

  executor::Call NewCall(std::string_view sql, const Parameters& parameters) const {
    return {.operation = operation_,
            .sql = sql,
            .parameters = parameters,
            .deadline = block_deadline_ != 0 ? block_deadline_ : executor_.DeadlineAfter(now(), {}),
            .statement_timeout = options_.statement_timeout,
            .in_transaction = true,
            .trace = trace_};
  }

  executor::Attempt Control(std::string_view sql) {
    executor::Call call = NewCall(sql, none_);
    call.is_control = true;
    return executor_.RunOn(*connection_, call, now());
  }

  Outcome<Done> TryBegin() {
    const executor::Call limits = NewCall("", none_);
    auto borrowed = executor_.pool.Borrow(now(), limits.deadline);
    if (!borrowed.ok()) return borrowed.error();
    connection_ = std::move(borrowed.value().connection);
    const Nanos start = borrowed.value().now;
    const executor::Attempt attempt = Control(BeginText(options_));
    if (!attempt.outcome.ok()) {
      // Whatever state the session is in, nobody else shall have it.
      Close(attempt.close.value_or(executor::CloseReason::kBroken));
      return attempt.outcome.error();
    }
    block_start_ = start;
    last_end_ = attempt.end;
    connection_->SetTransaction(start);
    if (attempt.close) {
      Close(*attempt.close);
      return QueryError{.kind = QueryErrorKind::kDeadline, .message = "the deadline has passed"};
    }
    return Done{};
  }

  void End(const executor::Attempt& attempt, bool rolled_back) {
    connection_->database->AddTransactionIdle(attempt.start - last_end_);
    connection_->database->AddTransaction(attempt.end - block_start_, rolled_back);
    connection_->SetTransaction(0);
    std::optional<executor::CloseReason> close = attempt.close;
    if (!attempt.outcome.ok() && !close) close = executor::CloseReason::kBroken;
    executor_.pool.Return(std::move(connection_), attempt.end, close);
  }

  /// The session is over, and the block with it.
  void Close(executor::CloseReason reason) {
    if (block_start_ != 0) connection_->database->AddTransaction(now() - block_start_, true);
    connection_->SetTransaction(0);
    executor_.pool.Return(std::move(connection_), now(), reason);
  }

  const QueryExecutor::State::Entered entered_;  ///< First: let go of last.
  QueryExecutor::State& executor_;
  OperationBooks& operation_;
  const TransactionOptions options_;
  const sql::TraceContext trace_;
  const Parameters none_;
  const Nanos start_;
  const Nanos block_deadline_;          ///< 0: each statement has its own.
  executor::ConnectionPtr connection_;  ///< Null when the block is over.
  Nanos block_start_ = 0, last_end_ = 0;
  bool failed_ = false, committed_ = false;
};

Transaction::Transaction(std::unique_ptr<State> state) : state_(std::move(state)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;

Outcome<Rows> Transaction::Execute(std::string_view sql, const Parameters& parameters) {
  return state_->Execute(sql, parameters);
}

Outcome<Done> Transaction::Commit() { return state_->Commit(); }

void Transaction::Rollback() { state_->Rollback(); }

Outcome<Transaction> QueryExecutor::Begin(const Operation& operation,
                                          const TransactionOptions& options) {
  auto state = std::make_unique<Transaction::State>(*state_, operation.books(), options);
  const auto begun = state->Begin();
  if (!begun.ok()) return begun.error();
  return Transaction(std::move(state));
}

}  // namespace pgsidecar
