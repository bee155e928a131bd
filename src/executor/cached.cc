#include <utility>

#include "executor/executor_state.h"
#include "executor/row_cache.h"
#include "sql/hash.h"
#include "sql/identity.h"

// What a QueryExecutor does with a cache.

namespace pgsidecar {
namespace {

constexpr std::size_t kTagsMax = 16;
constexpr std::size_t kTagBytesMax = 256;

/// A call that owns its texts: it may run when its caller is gone.
struct OwnedCall {
  OperationBooks& operation;
  std::string sql;
  Parameters parameters;
  CallOptions options;
};

std::string DefaultName(const Operation& operation, std::string_view sql,
                        const Parameters& parameters) {
  std::uint64_t hash = sql::HashOf(sql, 0);
  for (const auto& value : parameters.values()) {
    hash = value ? sql::HashOf(*value, hash) : sql::Mix(hash, 1);
  }
  return std::string("op:").append(operation.name()).append(":").append(sql::Hex(hash));
}

std::optional<QueryError> CheckOptions(const QueryCacheOptions& options) {
  const auto usage = [](const char* message) {
    return QueryError{.kind = QueryErrorKind::kUsage, .message = message};
  };
  if (options.ttl.count() <= 0) return usage("the ttl is not above 0");
  if (options.tags.size() > kTagsMax) return usage("there are more than 16 tags");
  for (const std::string& tag : options.tags) {
    if (tag.size() > kTagBytesMax) return usage("a tag is longer than 256 bytes");
  }
  return std::nullopt;
}

}  // namespace

Outcome<CachedRows> QueryExecutor::State::RunCached(const Operation& operation,
                                                    const executor::Call& call,
                                                    const QueryCacheOptions& cached, Nanos& now) {
  if (auto wrong = CheckOptions(cached)) return *std::move(wrong);
  if (auto wrong = executor::CheckCall(call.sql, call.parameters)) return *std::move(wrong);
  auto server = pool.Identity(now, call.deadline);
  if (!server.ok()) return server.error();
  const executor::Fetch fetch = [&] {
    now = clock.Now();
    return Run(call, now);
  };
  const std::function<executor::Fetch()> later = [&]() -> executor::Fetch {
    CallOptions detached = cached.call;
    detached.traceparent = {};  // It belongs to a caller who has been answered.
    return [this,
            owned = OwnedCall{call.operation, std::string(call.sql), call.parameters, detached}] {
      Nanos at = clock.Now();
      const executor::Call again{.operation = owned.operation,
                                 .sql = owned.sql,
                                 .parameters = owned.parameters,
                                 .deadline = DeadlineAfter(at, owned.options.deadline),
                                 .statement_timeout = owned.options.statement_timeout,
                                 .read_only = owned.options.read_only,
                                 .retry_conflicts = owned.options.retry_conflicts};
      return Run(again, at);
    };
  };
  auto outcome = row_cache->Get(
      {.name = cached.key.empty() ? DefaultName(operation, call.sql, call.parameters) : cached.key,
       .server = *server.value(),
       .sql = call.sql,
       .parameters = call.parameters,
       .options = cached,
       .deadline = call.deadline,
       .fetch = fetch,
       .later = later});
  now = clock.Now();
  return outcome;
}

Outcome<CachedRows> QueryExecutor::ExecuteCached(const Operation& operation, std::string_view sql,
                                                 const Parameters& parameters,
                                                 const QueryCacheOptions& options) {
  State& state = *state_;
  const State::Entered entered(state);
  if (state.row_cache == nullptr) {
    auto rows = Execute(operation, sql, parameters, options.call);
    if (!rows.ok()) return rows.error();
    return CachedRows{.rows = std::move(rows).value(), .answer = CacheAnswer::kBypass};
  }
  const Nanos start = state.clock.Now();
  const executor::Call call = state.NewCall(operation, {sql, parameters, options.call}, start);
  state.books.in_flight.Increment();
  Nanos now = start;
  auto outcome = state.RunCached(operation, call, options, now);
  state.books.in_flight.Decrement();
  const bool from_cache = outcome.ok() && (outcome.value().answer == CacheAnswer::kHit ||
                                           outcome.value().answer == CacheAnswer::kStale);
  if (from_cache) operation.books().cache_hits.Increment();
  state.books.Finish(operation.books(), {.duration = now - start,
                                         .failed = !outcome.ok(),
                                         .trace = call.trace.present() ? &call.trace : nullptr});
  return outcome;
}

Outcome<ClearedCache> QueryExecutor::ClearCache(std::string_view pattern) {
  if (state_->row_cache == nullptr) return ClearedCache{};
  return state_->row_cache->Clear(pattern);
}

ClearedCache QueryExecutor::ClearCache() {
  return state_->row_cache == nullptr ? ClearedCache{} : state_->row_cache->ClearAll();
}

ClearedCache QueryExecutor::InvalidateTags(const std::vector<std::string>& tags) {
  return state_->row_cache == nullptr ? ClearedCache{} : state_->row_cache->InvalidateTags(tags);
}

}  // namespace pgsidecar
