#include "cache/facade.h"

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "cache/refresh_pool.h"
#include "cache/store_factory.h"

namespace pgsidecar {
namespace {

using cache::LookupKind;
using cache::LookupResult;

/// Waits for the one call of a LookupDone.
class Answer {
 public:
  cache::LookupDone done() {
    return [this](LookupResult result) {
      const std::lock_guard lock(mutex_);
      result_ = std::move(result);
      answered_ = true;
      // With the lock: the other side may be gone as soon as it is released.
      changed_.notify_one();
    };
  }
  LookupResult Take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return answered_; });
    return std::move(result_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool answered_ = false;
  LookupResult result_;
};

CachedValue ValueOf(const LookupResult& result) {
  return {result.entry->body, std::chrono::nanoseconds(result.age),
          result.store == cache::StoreKind::kRedis};
}

/// Runs the caller's function and ends the ticket with what it brings or throws.
CachedValue Fetch(cache::FillTicket ticket, const std::function<Fetched()>& fn, cache::Fill fill) {
  cache::Failure failure;
  try {
    Fetched fetched = fn();
    fill.body = std::move(fetched.value);
    fill.negative = fetched.negative;
    return {ticket.Store(std::move(fill)).entry->body, {}, false};
  } catch (const OriginUnavailable& unavailable) {
    failure.message = unavailable.what();
    failure.no_answer = true;
    failure.cause = std::current_exception();
  } catch (...) {
    failure.message = "the function of a cached query threw";
    failure.cause = std::current_exception();
  }
  if (!ticket) std::rethrow_exception(failure.cause);  // It was stored; copying it out failed.
  const std::exception_ptr cause = failure.cause;
  const cache::EntryPtr stale = ticket.Fail(std::move(failure));
  if (stale == nullptr) std::rethrow_exception(cause);
  return {stale->body, {}, false};
}

void CheckLifetime(std::chrono::nanoseconds ttl, const std::vector<std::string>& tags) {
  if (ttl <= std::chrono::nanoseconds::zero()) {
    throw std::invalid_argument("ttl: " + std::to_string(ttl.count()) + " ns is not above 0");
  }
  if (tags.size() > cache::kTagsMax) {
    throw std::invalid_argument("tags: " + std::to_string(tags.size()) + " given, at most " +
                                std::to_string(cache::kTagsMax) + " are allowed");
  }
  for (const std::string& tag : tags) {
    if (tag.size() > cache::kTagBytesMax) {
      throw std::invalid_argument("tags: one has " + std::to_string(tag.size()) +
                                  " bytes, at most " + std::to_string(cache::kTagBytesMax) +
                                  " are allowed");
    }
  }
}

void CheckOptions(const CacheOptions& options) {
  if (options.max_bytes == 0) throw std::invalid_argument("max_bytes: 0 holds no entry");
  if (options.max_ttl <= std::chrono::nanoseconds::zero()) {
    throw std::invalid_argument("max_ttl: not above 0");
  }
  if (options.beta < 0) throw std::invalid_argument("beta: below 0");
  if (!options.secret.empty() && options.secret.size() < 32) {
    throw std::invalid_argument("secret: " + std::to_string(options.secret.size()) +
                                " bytes, at least 32 are needed");
  }
}

cache::Options OptionsOf(const CacheOptions& from) {
  CheckOptions(from);
  cache::Options options;
  options.max_bytes = from.max_bytes;
  options.max_entry_bytes = from.max_entry_bytes;
  options.max_ttl = from.max_ttl;
  options.negative_ttl = from.negative_ttl;
  options.stale_while_revalidate = from.stale_while_revalidate;
  options.stale_if_error = from.stale_if_error;
  options.beta = from.beta;
  options.name_space = from.name_space;
  options.secret = from.secret;
  options.redis.url = from.redis_url;
  return options;
}

/// A core of its own, for a service that links the library.
struct OwnCore {
  explicit OwnCore(const CacheOptions& from)
      : options(OptionsOf(from)), registry(1), core({options, clock, registry}) {
    auto remote = cache::MakeRemoteStore({options, core.keys(), clock, registry});
    if (!remote.ok()) throw std::invalid_argument(remote.error().message);
    core.Start(std::move(remote).value());
  }

  const cache::Options options;
  const SystemClock clock;
  metrics::Registry registry;
  cache::Core core;
};

}  // namespace

struct Cache::Impl {
  explicit Impl(cache::Core& used) : core(used) {}
  explicit Impl(std::unique_ptr<OwnCore> owned) : own(std::move(owned)), core(own->core) {}

  cache::LookupRequest Request(std::string_view key) const {
    cache::LookupRequest request;
    request.key = core.keys().Key(cache::Door::kQuery, {"library", key});
    request.name = key;
    return request;
  }

  const std::unique_ptr<OwnCore> own;
  cache::Core& core;
  cache::RefreshPool refresher;  // Ends first: its tickets belong to the core.
};

Cache::Cache(const CacheOptions& options)
    : impl_(std::make_unique<Impl>(std::make_unique<OwnCore>(options))) {}
Cache::Cache(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Cache::~Cache() = default;

std::optional<CachedValue> Cache::Get(std::string_view key) {
  Answer answer;
  impl_->core.Peek(impl_->Request(key), answer.done());
  const LookupResult result = answer.Take();
  if (result.kind != LookupKind::kHit) return std::nullopt;
  return ValueOf(result);
}

bool Cache::Set(std::string_view key, std::string value, std::chrono::nanoseconds ttl,
                std::vector<std::string> tags) {
  CheckLifetime(ttl, tags);
  cache::Fill fill;
  fill.body = std::move(value);
  fill.tags = std::move(tags);
  fill.ttl = ttl.count();
  return !impl_->core.Put(impl_->Request(key), std::move(fill)).refused.has_value();
}

CachedValue Cache::CachedQuery(std::string_view key, const std::function<Fetched()>& fn,
                               std::chrono::nanoseconds ttl, const std::vector<std::string>& tags) {
  CheckLifetime(ttl, tags);
  Answer answer;
  impl_->core.Lookup(impl_->Request(key), answer.done());
  LookupResult result = answer.Take();
  if (result.kind == LookupKind::kFailed) {
    if (result.failure->cause) std::rethrow_exception(result.failure->cause);
    throw OriginUnavailable(result.failure->message);
  }
  if (result.kind != LookupKind::kFill && !result.ticket) return ValueOf(result);

  cache::Fill fill;
  fill.tags = tags;
  fill.ttl = ttl.count();
  if (result.kind == LookupKind::kFill) {
    return Fetch(std::move(result.ticket), fn, std::move(fill));
  }
  // std::function copies what it holds; a ticket can only be moved.
  auto ticket = std::make_shared<cache::FillTicket>(std::move(result.ticket));
  impl_->refresher.Run([ticket, fn, fill] {
    try {
      Fetch(std::move(*ticket), fn, fill);
    } catch (...) {
      // Counted by the ticket; nobody waits for it, and the entry lives on until its window ends.
    }
  });
  return ValueOf(result);
}

InvalidateResult Cache::Invalidate(std::string_view pattern) {
  const auto event = impl_->core.PatternEvent(pattern, cache::Door::kQuery);
  if (!event.ok()) throw std::invalid_argument(event.error().message);
  const cache::Invalidated done = impl_->core.Purge(event.value());
  return {done.memory, done.pending};
}

InvalidateResult Cache::ClearCache() { return Invalidate("*"); }

InvalidateResult Cache::InvalidateTags(const std::vector<std::string>& tags) {
  InvalidateResult result;
  for (const std::string& tag : tags) {
    const cache::Invalidated done = impl_->core.Purge(impl_->core.TagEvent(tag));
    result.memory += done.memory;
    result.redis_pending = result.redis_pending || done.pending;
  }
  return result;
}

namespace cache {

std::unique_ptr<Cache> MakeCache(Core& core) {
  return std::make_unique<Cache>(std::make_unique<Cache::Impl>(core));
}

Core& CoreOf(const Cache& cache) { return cache.impl().core; }

}  // namespace cache
}  // namespace pgsidecar
