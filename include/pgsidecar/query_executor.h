#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgsidecar/outcome.h"
#include "pgsidecar/parameters.h"
#include "pgsidecar/rows.h"
#include "pgsidecar/telemetry.h"
#include "pgsidecar/transaction.h"

namespace pgsidecar {

class Cache;

/// A connection pool and what its calls may take. A value of 0 means what its comment says.
struct ExecutorOptions {
  /// Of libpq (PostgreSQL manual, "Connection Strings"): `postgresql://app@db/shop`. The session is
  /// as the server, the role and this string make it; only client_encoding is set, to UTF8.
  std::string connection{};
  std::string name = "default";     ///< The label `pool`.
  std::size_t connections_max = 8;  ///< 1 to 1,000.
  std::size_t connections_min = 0;  ///< Kept open while idle.
  std::size_t waiters_max = 1024;   ///< Calls that wait for a connection at once.
  std::chrono::nanoseconds wait_max = std::chrono::seconds(5);   ///< For a connection, per call.
  std::chrono::nanoseconds deadline = std::chrono::seconds(30);  ///< Of a call. 0: none.
  /// The server's own limit, in force even when this process is gone. 0: the server's default.
  std::chrono::milliseconds statement_timeout{0};
  std::chrono::nanoseconds idle_max = std::chrono::minutes(5);       ///< 0: idle ones stay open.
  std::chrono::nanoseconds lifetime_max = std::chrono::minutes(30);  ///< 0: without end.
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(5);
  std::uint32_t retries_max = 2;              ///< Repetitions of a call that is safe to repeat.
  std::size_t prepared_statements_max = 256;  ///< Per connection; 0: none (transaction poolers).
};

/// How one call is made.
struct CallOptions {
  /// In all: waiting, retries, the statement. Then the statement is cancelled. 0: the executor's.
  std::chrono::nanoseconds deadline{0};
  /// 0: the executor's. Another value than the last call's on a connection costs a round trip.
  std::chrono::milliseconds statement_timeout{0};
  /// The caller's promise that the statement changes nothing: it is repeated when its connection
  /// breaks. What was not sent yet is repeated anyway.
  bool read_only = false;
  /// Repeat on serialization failures and deadlocks (SQLSTATE 40001, 40P01).
  bool retry_conflicts = false;
  /// A W3C `traceparent`: becomes an exemplar, and a field of the slow-query log.
  std::string_view traceparent{};
};

/// How one call uses the cache.
struct QueryCacheOptions {
  /// The name of the entry, for patterns; empty: `op:<operation>:<hash of SQL and parameters>`.
  /// Two statements never share an entry, whatever their keys are.
  std::string key{};
  std::chrono::nanoseconds ttl = std::chrono::seconds(300);
  /// Of an answer without rows. Negative: the smaller of `ttl` and 30 s; 0: it is not stored.
  std::chrono::nanoseconds negative_ttl{-1};
  std::chrono::nanoseconds stale_while_revalidate{0};
  std::chrono::nanoseconds stale_if_error = std::chrono::seconds(60);
  std::vector<std::string> tags{};  ///< `table:public.users`, or free text. At most 16.
  CallOptions call{};
};

/// Where cached rows came from.
enum class CacheAnswer : std::uint8_t { kHit, kStale, kMiss, kBypass };

struct CachedRows {
  Rows rows{};
  CacheAnswer answer = CacheAnswer::kMiss;
  std::chrono::nanoseconds age{0};  ///< Of the entry.
  std::chrono::nanoseconds ttl{0};  ///< What is left of it; negative when stale.
};

/// What ClearCache did.
struct ClearedCache {
  std::uint64_t memory = 0;    ///< Entries that left memory.
  bool redis_pending = false;  ///< Redis does not answer now; it will be told.
};

/// Runs SQL on a pool of connections, with metrics, deadlines, retries where they are safe, and a
/// cache. Thread-safe; calls block, so they are not for event loops.
class QueryExecutor {
 public:
  /// Connects when the first call needs it. Without a cache ExecuteCached executes. Telemetry and
  /// cache outlive the executor. Fails if an option is wrong (kUsage).
  static Outcome<std::unique_ptr<QueryExecutor>> Create(const ExecutorOptions& options,
                                                        Telemetry& telemetry);
  static Outcome<std::unique_ptr<QueryExecutor>> Create(const ExecutorOptions& options,
                                                        Telemetry& telemetry, Cache& cache);
  /// Cancels what still runs; callers get kShutdown. Requires: no new calls.
  ~QueryExecutor();
  QueryExecutor(const QueryExecutor&) = delete;
  QueryExecutor& operator=(const QueryExecutor&) = delete;

  Operation Named(std::string_view operation) const { return telemetry().Named(operation); }

  /// Runs one statement by itself.
  Outcome<Rows> Execute(const Operation& operation, std::string_view sql,
                        const Parameters& parameters = {}, const CallOptions& options = {});
  Outcome<Rows> Execute(std::string_view operation, std::string_view sql,
                        const Parameters& parameters = {}, const CallOptions& options = {}) {
    return Execute(Named(operation), sql, parameters, options);
  }

  /// As Execute, but for an answer that the cache has. Concurrent calls for one entry are one
  /// statement. Errors are never stored.
  Outcome<CachedRows> ExecuteCached(const Operation& operation, std::string_view sql,
                                    const Parameters& parameters, const QueryCacheOptions& options);
  Outcome<CachedRows> ExecuteCached(std::string_view operation, std::string_view sql,
                                    const Parameters& parameters,
                                    const QueryCacheOptions& options) {
    return ExecuteCached(Named(operation), sql, parameters, options);
  }

  /// Drops the entries whose names match a glob: `*`, `?`, `[a-z]`, `\` escapes. `user:42` is
  /// exactly that entry. Fails (kUsage) if it is empty, over 256 bytes or has an unclosed class.
  Outcome<ClearedCache> ClearCache(std::string_view pattern);
  /// Drops everything.
  ClearedCache ClearCache();
  /// Drops the entries that carry one of the tags: nobody is answered with them from now on. Their
  /// memory is freed later, so `memory` is 0.
  ClearedCache InvalidateTags(const std::vector<std::string>& tags);

  /// Opens a transaction block on a connection of its own.
  Outcome<Transaction> Begin(const Operation& operation, const TransactionOptions& options = {});
  /// Runs `fn(Transaction&)`, which returns an Outcome, in a transaction block: commits if it is
  /// ok(), else rolls back. With `retry_conflicts` the whole of it is repeated on serialization
  /// failures and deadlocks.
  template <class Fn>
  std::invoke_result_t<Fn, Transaction&> Transact(const Operation& operation, Fn&& fn,
                                                  const TransactionOptions& options = {});

  /// Telemetry::Monitor.
  template <class Name, class Fn>
  std::invoke_result_t<Fn> Monitor(const Name& operation, Fn&& fn) const {
    return telemetry().Monitor(operation, std::forward<Fn>(fn));
  }
  PerformanceMonitor& performance() const { return telemetry().performance(); }
  Telemetry& telemetry() const;

  struct State;
  State& state() const { return *state_; }

 private:
  explicit QueryExecutor(std::unique_ptr<State> state);
  /// Whether a transaction that ended so is to be run again; waits before it says so.
  bool RetryConflict(const Operation& operation, const QueryError& error, std::uint32_t attempt);

  const std::unique_ptr<State> state_;
};

template <class Fn>
std::invoke_result_t<Fn, Transaction&> QueryExecutor::Transact(const Operation& operation, Fn&& fn,
                                                               const TransactionOptions& options) {
  for (std::uint32_t attempt = 0;; ++attempt) {
    auto begun = Begin(operation, options);
    if (!begun.ok()) return begun.error();
    Transaction transaction = std::move(begun).value();
    auto outcome = fn(transaction);
    if (!outcome.ok()) {
      transaction.Rollback();
      if (options.retry_conflicts && RetryConflict(operation, outcome.error(), attempt)) continue;
      return outcome;
    }
    if (const auto committed = transaction.Commit(); !committed.ok()) {
      if (options.retry_conflicts && RetryConflict(operation, committed.error(), attempt)) continue;
      return committed.error();
    }
    return outcome;
  }
}

}  // namespace pgsidecar
