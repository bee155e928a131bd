#include "executor/row_cache.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "cache/facade.h"
#include "executor/executor_state.h"
#include "executor/workers.h"

namespace pgsidecar::executor {
namespace {

constexpr std::string_view kFormat = "rows1";
constexpr std::size_t kRefreshThreads = 2;
constexpr std::size_t kRefreshesMax = 8;
constexpr Nanos kWaitMax = 5 * kNanosPerSecond;

/// Length-prefixed, so that no two lists of parameters look alike.
std::string Encode(const Parameters& parameters) {
  std::string bytes;
  for (const auto& value : parameters.values()) {
    bytes += value ? std::to_string(value->size()) + ":" : std::string("N");
    if (value) bytes += *value;
  }
  return bytes;
}

/// Whether the origin gave no answer, so that a stale entry may stand in.
bool IsNoAnswer(const QueryError& error) {
  if (error.kind == QueryErrorKind::kUsage) return false;
  if (error.kind != QueryErrorKind::kServer) return true;
  return error.sqlstate.starts_with("08") || error.sqlstate.starts_with("53") ||
         error.sqlstate.starts_with("57P");
}

cache::Failure FailureOf(const QueryError& error) {
  return {.message = error.message,
          .sqlstate = error.sqlstate,
          .cause = std::make_exception_ptr(error),
          .no_answer = IsNoAnswer(error)};
}

/// The error of a fetch that somebody else made.
QueryError ErrorOf(const cache::FailurePtr& failure) {
  if (failure == nullptr) {
    return {.kind = QueryErrorKind::kShutdown, .message = "the fetch was given up"};
  }
  try {
    if (failure->cause != nullptr) std::rethrow_exception(failure->cause);
  } catch (const QueryError& error) {
    return error;
  } catch (...) {
    return {.kind = QueryErrorKind::kServer, .message = failure->message};
  }
  return {.kind = failure->no_answer ? QueryErrorKind::kConnection : QueryErrorKind::kServer,
          .sqlstate = failure->sqlstate,
          .message = failure->message};
}

/// A look-up that is waited for. It is answered inline when memory decides.
class Awaited {
 public:
  cache::LookupResult Lookup(cache::Core& core, const cache::LookupRequest& request) {
    core.Lookup(request, [this](cache::LookupResult result) {
      const std::lock_guard lock(mutex_);
      result_ = std::move(result);
      done_.notify_one();  // Under the lock: afterwards this may be gone.
    });
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return result_.has_value(); });
    return *std::move(result_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  std::optional<cache::LookupResult> result_;
};

/// What of a call an answer is stored with.
struct Storing {
  explicit Storing(const QueryCacheOptions& options)
      : ttl(options.ttl.count()),
        negative_ttl(options.negative_ttl.count()),
        stale_while_revalidate(options.stale_while_revalidate.count()),
        stale_if_error(options.stale_if_error.count()),
        tags(options.tags) {}

  cache::Fill ToFill(const Rows& rows) const {
    const bool negative = rows.empty();
    return {.body = rows.Serialize(),
            .tags = tags,
            .ttl = negative && negative_ttl > 0 ? std::min(ttl, negative_ttl) : ttl,
            .stale_while_revalidate = stale_while_revalidate,
            .stale_if_error = stale_if_error,
            .negative = negative};
  }

  Nanos ttl, negative_ttl, stale_while_revalidate, stale_if_error;
  std::vector<std::string> tags;
};

/// Stores what was fetched, or says that there was nothing. Returns the entry that stands in.
cache::EntryPtr Settle(cache::FillTicket& ticket, const Outcome<Rows>& outcome,
                       const Storing& storing) {
  if (!outcome.ok()) return ticket.Fail(FailureOf(outcome.error()));
  if (outcome.value().empty() && storing.negative_ttl == 0) {
    ticket.Discard(cache::Refusal::kNoStore);
  } else {
    (void)ticket.Store(storing.ToFill(outcome.value()));
  }
  return nullptr;
}

class CoreRowCache final : public RowCache {
 public:
  CoreRowCache(cache::Core& core, const Clock& clock)
      : core_(core), clock_(clock), workers_(kRefreshThreads) {}

  Outcome<CachedRows> Get(const CachedCall& call) override {
    const bool bounded = call.deadline != PooledConnection::kNoDeadline;
    const cache::LookupRequest request{
        .door = cache::Door::kQuery,
        .key = core_.keys().Key(cache::Door::kQuery,
                                {kFormat, call.server, call.sql, Encode(call.parameters)}),
        .name = call.name,
        .wait = kWaitMax,
        .deadline = bounded ? call.deadline : 0};
    cache::LookupResult found = Awaited().Lookup(core_, request);
    switch (found.kind) {
      case cache::LookupKind::kHit:
        return Answer(call, found, CacheAnswer::kHit);
      case cache::LookupKind::kStale:
        return Answer(call, found, CacheAnswer::kStale);
      case cache::LookupKind::kShared:
        return Answer(call, found, CacheAnswer::kMiss);
      case cache::LookupKind::kFill:
        return Fill(call, found.ticket);
      case cache::LookupKind::kFailed:
        return ErrorOf(found.failure);
      case cache::LookupKind::kMiss:
        break;
    }
    return Fetched(call);
  }

  Outcome<ClearedCache> Clear(std::string_view pattern) override {
    const auto event = core_.PatternEvent(pattern, cache::Door::kQuery);
    if (!event.ok()) {
      return QueryError{.kind = QueryErrorKind::kUsage, .message = event.error().message};
    }
    return Cleared(core_.Purge(event.value()));
  }

  ClearedCache ClearAll() override {
    return Cleared(core_.Purge({.kind = cache::EventKind::kAll, .doors = cache::Door::kQuery}));
  }

  ClearedCache InvalidateTags(const std::vector<std::string>& tags) override {
    ClearedCache all;
    for (const std::string& tag : tags) {
      const ClearedCache one = Cleared(core_.Invalidate(core_.TagEvent(tag)));
      all.memory += one.memory;
      all.redis_pending |= one.redis_pending;
    }
    return all;
  }

 private:
  static ClearedCache Cleared(const cache::Invalidated& invalidated) {
    return {.memory = invalidated.memory, .redis_pending = invalidated.pending};
  }

  static std::optional<CachedRows> RowsOf(const cache::EntryPtr& entry, Nanos age,
                                          CacheAnswer answer) {
    // The rows keep the entry, whose body they read.
    auto rows = Rows::Deserialize(std::shared_ptr<const std::string>(entry, &entry->body));
    if (!rows) return std::nullopt;
    return CachedRows{.rows = *std::move(rows),
                      .answer = answer,
                      .age = std::chrono::nanoseconds(age),
                      .ttl = std::chrono::nanoseconds(entry->lifetime.ttl - age)};
  }

  static Outcome<CachedRows> Fetched(const CachedCall& call) {
    auto rows = call.fetch();
    if (!rows.ok()) return rows.error();
    return CachedRows{.rows = std::move(rows).value(), .answer = CacheAnswer::kMiss};
  }

  Outcome<CachedRows> Answer(const CachedCall& call, cache::LookupResult& found,
                             CacheAnswer answer) {
    if (found.ticket) Refresh(call, std::move(found.ticket));
    auto rows = RowsOf(found.entry, found.age, answer);
    if (rows) return *std::move(rows);
    return Fetched(call);  // Somebody else's bytes under our key.
  }

  Outcome<CachedRows> Fill(const CachedCall& call, cache::FillTicket& ticket) {
    auto outcome = call.fetch();
    const cache::EntryPtr instead = Settle(ticket, outcome, Storing(call.options));
    if (outcome.ok()) {
      return CachedRows{.rows = std::move(outcome).value(), .answer = CacheAnswer::kMiss};
    }
    if (instead != nullptr) {
      const Nanos age = clock_.Now() - instead->stored_at;
      if (auto rows = RowsOf(instead, age, CacheAnswer::kStale)) return *std::move(rows);
    }
    return outcome.error();
  }

  /// Renews an entry while its caller goes on. Beyond the bound it is left as it is: the ticket
  /// goes back, and a later caller gets another.
  void Refresh(const CachedCall& call, cache::FillTicket ticket) {
    if (refreshes_.fetch_add(1) >= kRefreshesMax) {
      refreshes_.fetch_sub(1);
      return;
    }
    auto shared = std::make_shared<cache::FillTicket>(std::move(ticket));  // std::function copies.
    workers_.Submit([this, shared, fetch = call.later(), storing = Storing(call.options)] {
      (void)Settle(*shared, fetch(), storing);
      refreshes_.fetch_sub(1);
    });
  }

  cache::Core& core_;
  const Clock& clock_;
  std::atomic<std::size_t> refreshes_{0};
  Workers workers_;  ///< Last: its threads use all of the above.
};

}  // namespace

std::unique_ptr<RowCache> MakeRowCache(cache::Core& core, const Clock& clock) {
  return std::make_unique<CoreRowCache>(core, clock);
}

Outcome<std::unique_ptr<QueryExecutor>> MakeExecutor(const ExecutorOptions& options,
                                                     Telemetry& telemetry, cache::Core& core) {
  auto made = QueryExecutor::Create(options, telemetry);
  if (made.ok()) {
    QueryExecutor::State& state = made.value()->state();
    state.row_cache = MakeRowCache(core, state.clock);
  }
  return made;
}

}  // namespace pgsidecar::executor

pgsidecar::Outcome<std::unique_ptr<pgsidecar::QueryExecutor>> pgsidecar::QueryExecutor::Create(
    const ExecutorOptions& options, Telemetry& telemetry, Cache& cache) {
  return executor::MakeExecutor(options, telemetry, cache::CoreOf(cache));
}
