#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string_view>

#include "executor/keeper.h"
#include "executor/pool.h"
#include "executor/telemetry_state.h"
#include "pgsidecar/query_executor.h"

namespace pgsidecar::executor {

/// One statement on its way.
struct Call {
  OperationBooks& operation;
  std::string_view sql;
  const Parameters& parameters;
  Nanos deadline = PooledConnection::kNoDeadline;
  std::chrono::milliseconds statement_timeout{0};
  bool read_only = false;
  bool retry_conflicts = false;
  bool in_transaction = false;
  /// Commands of our own that open and close a block.
  bool is_control = false;
  sql::TraceContext trace{};
};

/// What a caller passes.
struct Asked {
  std::string_view sql;
  const Parameters& parameters;
  const CallOptions& options;
};

class RowCache;

/// What became of it on one connection.
struct Attempt {
  Outcome<Rows> outcome;
  Nanos start = 0, end = 0;
  /// Why the connection is not to be used again.
  std::optional<CloseReason> close{};
  bool sent = false;        ///< The statement itself, so that it may have taken effect.
  bool stale_plan = false;  ///< What was prepared does not fit any more; it will be prepared anew.
};

/// An error of the caller, or nothing.
std::optional<QueryError> CheckCall(std::string_view sql, const Parameters& parameters);

/// `text` as a trace; absent if it is none.
sql::TraceContext TraceOf(std::string_view traceparent);

/// Whether a statement that failed so may be run again as it is.
bool IsRepeatable(const Attempt& attempt, const Call& call);
bool IsConflict(const QueryError& error);

/// How long to wait before the repetition number `retry` (from 0).
std::chrono::nanoseconds PauseBefore(std::uint32_t retry, Nanos now);

}  // namespace pgsidecar::executor

namespace pgsidecar {

struct QueryExecutor::State {
  State(const ExecutorOptions& wanted, Telemetry& reports);
  ~State();

  /// Keeps the executor from being destroyed while a call is in it: the last thing of a call.
  class Entered {
   public:
    explicit Entered(State& state) : calls_(state.calls) { calls_.fetch_add(1); }
    ~Entered() { calls_.fetch_sub(1); }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;

   private:
    std::atomic<std::size_t>& calls_;
  };

  /// Runs a statement by itself, on any connection, and again where that is safe. `now` is when the
  /// call came in; afterwards, when it was over.
  Outcome<Rows> Run(const executor::Call& call, Nanos& now);
  /// Runs it on this connection, once, and puts it into the books.
  executor::Attempt RunOn(executor::PooledConnection& connection, const executor::Call& call,
                          Nanos start);
  /// The same, but for rows that the cache has. Requires: row_cache.
  Outcome<CachedRows> RunCached(const Operation& operation, const executor::Call& call,
                                const QueryCacheOptions& cached, Nanos& now);
  executor::Call NewCall(const Operation& operation, const executor::Asked& asked, Nanos now) const;
  /// `now` plus `wanted`, or the default if that is 0.
  Nanos DeadlineAfter(Nanos now, std::chrono::nanoseconds wanted) const;

  const ExecutorOptions options;
  Telemetry& telemetry;
  Telemetry::State& books;
  const Clock& clock;
  std::atomic<std::size_t> calls{0};  ///< Under way, and open transaction blocks.
  executor::Pool pool;
  executor::Keeper keeper;
  /// Null: nothing is cached. Last: its threads use all of the above.
  std::unique_ptr<executor::RowCache> row_cache;

 private:
  Outcome<Rows> Send(executor::PooledConnection& connection, const executor::Call& call,
                     executor::PreparedStatement& statement, executor::Attempt& attempt);
  Outcome<Done> Ready(executor::PooledConnection& connection, const executor::Call& call,
                      executor::PreparedStatement& statement);
  executor::PreparedStatement& Make(executor::PooledConnection& connection,
                                    const executor::Call& call);
  void Judge(executor::PooledConnection& connection, const executor::Call& call, bool cancelled,
             executor::Attempt& attempt);
  void Record(executor::PooledConnection& connection, const executor::Call& call,
              const executor::PreparedStatement& statement, const executor::Attempt& attempt);
};

}  // namespace pgsidecar
