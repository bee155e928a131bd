// From a request to its answer, or to the fetch that will bring it.
#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "cache/core_impl.h"

namespace pgsidecar::cache {

double RandomFraction() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  constexpr double kSteps = 9007199254740992.0;  // 2^53
  return (static_cast<double>(generator() >> 11U) + 1) / kSteps;
}

Nanos Core::Impl::AgeOf(const Entry& entry) const {
  const Nanos age = clock_.Now() - entry.stored_at;
  return age > 0 ? age : 0;
}

bool Core::Impl::IsOver(const Entry& entry, Nanos now) const {
  if (now - entry.stored_at >= entry.lifetime.hard_ttl()) return true;
  if (redis_.load(std::memory_order_acquire) == nullptr ||
      state_.load(std::memory_order_acquire) == CacheState::kRedis) {
    return false;
  }
  // Peers' events cannot arrive: what is there lives on for a short while only.
  const Nanos since = std::max(entry.stored_at, left_redis_at_.load(std::memory_order_acquire));
  return now - since >= ToNanos(options_.redis.fallback_max_ttl);
}

EntryPtr Core::Impl::FromMemory(const EntryKey& key, Nanos now) {
  EntryPtr entry = memory_.Find(key);
  if (entry == nullptr) return nullptr;
  if (table_.IsDead(*entry)) {
    memory_.Remove(*entry, Eviction::kInvalidated);
    return nullptr;
  }
  if (IsOver(*entry, now)) {
    memory_.Remove(*entry, Eviction::kExpired);
    return nullptr;
  }
  return entry;
}

EntryPtr Core::Impl::FromNearMemory(const EntryKey& key, Nanos now) {
  const Nanos near_ttl = ToNanos(options_.redis.near_ttl);
  if (near_ttl <= 0) return nullptr;
  EntryPtr entry = FromMemory(key, now);
  const bool near = entry != nullptr && now - entry->stored_at < near_ttl &&
                    now - entry->stored_at < entry->lifetime.ttl;
  return near ? entry : nullptr;
}

EntryPtr Core::Impl::Judged(EntryPtr entry, Nanos now) const {
  if (entry == nullptr || table_.IsDead(*entry)) return nullptr;
  return now - entry->stored_at >= entry->lifetime.hard_ttl() ? nullptr : entry;
}

bool Core::Impl::AnswerFresh(const LookupRequest& request, const EntryPtr& entry, Nanos now,
                             const LookupDone& done) {
  if (entry == nullptr) return false;
  const Nanos age = std::max<Nanos>(now - entry->stored_at, 0);
  const Nanos remaining = entry->lifetime.ttl - age;
  if (remaining <= 0 || IsDueEarly(*entry, remaining)) return false;
  instruments_.CountHit(request.door, StoreKind::kMemory, age);
  LookupResult result;
  result.kind = LookupKind::kHit;
  result.age = age;
  result.entry = entry;
  done(std::move(result));
  return true;
}

WaitId Core::Impl::Lookup(const LookupRequest& request, LookupDone done) {
  const bool redis = state_.load(std::memory_order_acquire) == CacheState::kRedis;
  const Nanos came_at = clock_.Now();
  EntryPtr entry;
  if (!redis && request.name.size() <= kNameBytesMax) {
    entry = FromMemory(request.key, came_at);
    const Nanos now = clock_.Now();
    instruments_.memory_get.Observe(ToSeconds(now - came_at));
    if (AnswerFresh(request, entry, now, done)) return 0;
  }
  Waiter call;
  call.request = request;
  call.done = std::move(done);
  call.came_at = came_at;
  if (request.name.size() > kNameBytesMax) {
    GiveTicket(std::move(call), Mode::kAlone, false);
    return 0;
  }
  if (redis) {
    EntryPtr near = FromNearMemory(request.key, call.came_at);
    if (near == nullptr) return AskRedis(std::move(call), &Impl::DecideLater);
    return Decide(std::move(call), std::move(near));
  }
  // A fresh one that was not answered with is due; the dice are cast once.
  call.is_due_early = entry != nullptr;
  return Decide(std::move(call), std::move(entry));
}

void Core::Impl::Peek(const LookupRequest& request, LookupDone done) {
  Waiter call;
  call.request = request;
  call.done = std::move(done);
  call.came_at = clock_.Now();
  if (state_.load(std::memory_order_acquire) == CacheState::kRedis) {
    EntryPtr near = FromNearMemory(request.key, call.came_at);
    if (near == nullptr) {
      AskRedis(std::move(call), &Impl::DecidePeek);
      return;
    }
    return DecidePeek(std::move(call), std::move(near));
  }
  EntryPtr entry = FromMemory(request.key, call.came_at);
  instruments_.memory_get.Observe(ToSeconds(clock_.Now() - call.came_at));
  DecidePeek(std::move(call), std::move(entry));
}

void Core::Impl::DecidePeek(Waiter call, EntryPtr entry) {
  if (entry != nullptr && AgeOf(*entry) < entry->lifetime.ttl) {
    return Hit(call, std::move(entry), {});
  }
  instruments_.CountMiss(call.request.door, call.store);
  LookupResult result;
  result.store = call.store;
  call.done(std::move(result));
}

WaitId Core::Impl::AskRedis(Waiter call, Next next) {
  RemoteStore* redis = redis_.load(std::memory_order_acquire);
  if (redis == nullptr) {
    EntryPtr entry = FromMemory(call.request.key, call.came_at);
    (this->*next)(std::move(call), std::move(entry));
    return 0;
  }
  const WaitId id = flights_.BeginAsking();
  call.id = id;
  call.store = StoreKind::kRedis;
  call.KeepName();
  const EntryKey key = call.request.key;
  const Nanos deadline = call.request.deadline;
  redis->Get(key, deadline,
             [this, next, call = std::move(call)](GetOutcome outcome, EntryPtr entry) mutable {
               if (!flights_.EndAsking(call.id)) return;
               const Nanos now = clock_.Now();
               if (outcome == GetOutcome::kUnavailable) {
                 call.store = StoreKind::kMemory;
                 entry = FromMemory(call.request.key, now);
               } else {
                 entry = Judged(std::move(entry), now);
               }
               (this->*next)(std::move(call), std::move(entry));
             });
  return id;
}

bool Core::Impl::IsDueEarly(const Entry& entry, Nanos remaining) const {
  const double scale = options_.beta * static_cast<double>(entry.fill_cost);
  // -ln of the smallest fraction is below 37: most hits need no random number.
  if (scale <= 0 || static_cast<double>(remaining) > 37 * scale) return false;
  return -scale * std::log(RandomFraction()) >= static_cast<double>(remaining);
}

void Core::Impl::Hit(Waiter& call, EntryPtr entry, FillTicket ticket) {
  LookupResult result;
  result.age = AgeOf(*entry);
  result.kind = result.age < entry->lifetime.ttl ? LookupKind::kHit : LookupKind::kStale;
  result.store = call.store;
  if (result.kind == LookupKind::kHit) {
    instruments_.CountHit(call.request.door, call.store, result.age);
  } else {
    instruments_.CountStale(call.request.door, call.store, StaleReason::kRefreshing, result.age);
  }
  result.entry = std::move(entry);
  result.ticket = std::move(ticket);
  call.done(std::move(result));
}

WaitId Core::Impl::Decide(Waiter call, EntryPtr entry) {
  if (entry == nullptr) return Miss(std::move(call));
  const Lifetime& lifetime = entry->lifetime;
  const Nanos remaining = lifetime.ttl - AgeOf(*entry);
  if (remaining > 0 && !call.is_due_early && !IsDueEarly(*entry, remaining)) {
    Hit(call, std::move(entry), {});
    return 0;
  }
  if (remaining + lifetime.stale_while_revalidate <= 0) {
    if (remaining + lifetime.stale_if_error > 0) call.stale = std::move(entry);
    return Miss(std::move(call));
  }
  // One caller renews it, all others are answered.
  const bool background = call.request.refresher == Refresher::kBackground;
  if (!flights_.StartRefresh(call.request.key, background)) {
    Hit(call, std::move(entry), {});
    return 0;
  }
  call.stale = entry;
  FillTicket ticket =
      MakeTicket(call, background ? Mode::kBackground : Mode::kLeader, /*may_store=*/true);
  ticket.SetRefresh(remaining > 0);
  if (background) {
    Hit(call, std::move(entry), std::move(ticket));
    return 0;
  }
  LookupResult result;
  result.kind = LookupKind::kFill;
  result.store = call.store;
  result.ticket = std::move(ticket);
  call.done(std::move(result));
  return 0;
}

WaitId Core::Impl::Miss(Waiter call) {
  const Nanos now = clock_.Now();
  call.sequence = table_.sequence();
  call.deadline = now + call.request.wait;
  if (call.request.deadline > 0) call.deadline = std::min(call.deadline, call.request.deadline);
  const Nanos deadline = call.deadline;
  switch (flights_.Join(call, now)) {
    case Flights::Role::kLeader:
      if (!AnswerAfterAll(call)) GiveTicket(std::move(call), Mode::kLeader, true);
      return 0;
    case Flights::Role::kWaiter:
      WakeBy(deadline);
      return call.id;
    case Flights::Role::kAlone:
      GiveTicket(std::move(call), Mode::kAlone, false);
      return 0;
    case Flights::Role::kUnshared:
      GiveTicket(std::move(call), Mode::kAlone, true);
      return 0;
  }
  return 0;
}

// Between the look at the store and the look at the flights another leader may have landed: its
// answer is there then, and a second fetch would be one too many. When Redis was asked, only what
// was stored since counts: it may know of a clear that memory does not.
bool Core::Impl::AnswerAfterAll(Waiter& call) {
  EntryPtr entry = FromMemory(call.request.key, clock_.Now());
  if (entry == nullptr || AgeOf(*entry) >= entry->lifetime.ttl) return false;
  if (call.store == StoreKind::kRedis && entry->stored_at <= call.came_at) return false;
  Serve(flights_.Land(call.request.key), entry);
  call.store = StoreKind::kMemory;
  Hit(call, std::move(entry), {});
  return true;
}

}  // namespace pgsidecar::cache
