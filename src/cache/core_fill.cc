// From a fetch to the stores and to those who wait.
#include <algorithm>
#include <new>
#include <utility>

#include "cache/core_impl.h"

namespace pgsidecar::cache {

FillTicket::FillTicket() = default;
FillTicket::FillTicket(std::unique_ptr<State> state) : state_(std::move(state)) {}
FillTicket::FillTicket(FillTicket&&) noexcept = default;

FillTicket& FillTicket::operator=(FillTicket&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

FillTicket::~FillTicket() {
  if (state_ == nullptr) return;
  state_->CountMiss();
  Core::Impl& core = *state_->core;
  if (state_->may_store)
    core.instruments_.CountRefusal(state_->request.door, Refusal::kInterrupted);
  if (state_->mode == Core::Impl::Mode::kAlone) return;
  core.Promote(core.flights_.Abort(state_->request.key, /*failed=*/false).promoted);
}

void FillTicket::State::CountMiss() const {
  if (mode != Core::Impl::Mode::kBackground) core->instruments_.CountMiss(request.door, store);
}

void FillTicket::SetRefresh(bool early) {
  state_->refresh = early ? RefreshReason::kEarly : RefreshReason::kStale;
}

EntryPtr FillTicket::stale() const { return state_->stale; }

bool FillTicket::awaited() const { return state_->core->flights_.Awaited(state_->request.key); }

bool FillTicket::may_store() const { return state_->may_store; }

Stored FillTicket::Store(Fill fill) {
  // First what may throw: the ticket is still whole then, and its end hands over to a waiter.
  const std::shared_ptr<Entry> entry =
      state_->core->MakeEntry(state_->request, std::move(fill), state_->token);
  const std::unique_ptr<State> state = std::move(state_);
  Core::Impl& core = *state->core;
  Stored stored;
  stored.entry = entry;
  state->CountMiss();
  if (!state->may_store) {
    if (core.IsTooLarge(*entry)) {
      stored.refused = Refusal::kTooLarge;
      core.instruments_.CountRefusal(entry->door, Refusal::kTooLarge);
    }
    return stored;
  }
  stored.refused = core.KeepCounted(entry, state->token);
  if (!stored.refused && state->refresh) {
    core.instruments_.CountRefresh(entry->door, *state->refresh);
  }
  if (state->mode != Core::Impl::Mode::kAlone) {
    core.LandFlight(state->token, stored);
  } else if (!stored.refused) {
    core.flights_.ClearUnshared(entry->key);
  }
  return stored;
}

void FillTicket::Discard(Refusal reason) {
  const std::unique_ptr<State> state = std::move(state_);
  Core::Impl& core = *state->core;
  state->CountMiss();
  core.instruments_.CountRefusal(state->request.door, reason);
  core.flights_.MarkUnshared(state->request.key, core.clock_.Now());
  if (state->mode == Core::Impl::Mode::kAlone) return;
  for (Waiter& waiter : core.flights_.Land(state->request.key)) {
    core.GiveTicket(std::move(waiter), Core::Impl::Mode::kAlone, true);
  }
}

EntryPtr FillTicket::Fail(Failure failure) {
  const std::unique_ptr<State> state = std::move(state_);
  Core::Impl& core = *state->core;
  const Door door = state->request.door;
  core.instruments_.CountRefusal(door, Refusal::kError);
  EntryPtr stale = failure.no_answer ? core.StandIn(state->stale) : nullptr;
  if (stale == nullptr) {
    state->CountMiss();
    if (state->mode != Core::Impl::Mode::kAlone) {
      core.FailFlight(state->request.key, std::make_shared<const Failure>(std::move(failure)));
    }
    return nullptr;
  }
  const auto count = [&core, &stale, door](StoreKind store) {
    core.instruments_.CountStale(door, store, StaleReason::kError, core.AgeOf(*stale));
  };
  if (state->mode != Core::Impl::Mode::kBackground) count(state->store);
  if (state->mode == Core::Impl::Mode::kAlone) return stale;
  for (Waiter& waiter : core.flights_.Land(state->request.key)) {
    count(waiter.store);
    LookupResult result;
    result.kind = LookupKind::kStale;
    result.store = waiter.store;
    result.age = core.AgeOf(*stale);
    result.entry = stale;
    waiter.done(std::move(result));
  }
  return stale;
}

FillTicket Core::Impl::MakeTicket(const Waiter& call, Mode mode, bool may_store) {
  auto state = std::make_unique<FillTicket::State>();
  state->core = this;
  state->name = call.Name();
  state->request = call.request;
  state->request.name = state->name;
  state->store = call.store;
  state->mode = mode;
  state->may_store = may_store;
  state->stale = call.stale;
  state->token = table_.Token(clock_.Now());
  return FillTicket(std::move(state));
}

void Core::Impl::GiveTicket(Waiter call, Mode mode, bool may_store) {
  LookupResult result;
  result.kind = LookupKind::kFill;
  result.store = call.store;
  result.ticket = MakeTicket(call, mode, may_store);
  call.done(std::move(result));
}

std::shared_ptr<Entry> Core::Impl::MakeEntry(const LookupRequest& request, Fill fill,
                                             const FillToken& token) const {
  auto entry = std::make_shared<Entry>();
  entry->key = request.key;
  entry->door = request.door;
  entry->name = request.name;
  entry->flags = (fill.door_flags >> kDoorFlags << kDoorFlags) | (fill.negative ? kNegative : 0U);
  entry->tags = std::move(fill.tags);
  entry->head = std::move(fill.head);
  entry->body = std::move(fill.body);
  entry->position = token.position;
  entry->stored_at = clock_.Now();
  entry->fill_cost = entry->stored_at - token.taken_at;

  const Nanos max_ttl = ToNanos(options_.max_ttl);
  Nanos ttl = fill.ttl > 0 ? fill.ttl : ToNanos(options_.default_ttl);
  if (fill.negative) ttl = std::min(ttl, ToNanos(options_.negative_ttl));
  ttl = std::min(ttl, max_ttl);
  // The configured TTL is a promise: never longer. Shortened, so that entries that were filled
  // together do not expire together.
  if (!fill.exact_lifetime)
    ttl -= static_cast<Nanos>(static_cast<double>(ttl) * RandomFraction() / 10);
  Lifetime& lifetime = entry->lifetime;
  lifetime.ttl = ttl;
  const auto window = [max_ttl, ttl](const std::optional<Nanos>& own, Nanos configured) {
    return std::min(std::max<Nanos>(own.value_or(configured), 0), max_ttl - ttl);
  };
  lifetime.stale_while_revalidate =
      window(fill.stale_while_revalidate, ToNanos(options_.stale_while_revalidate));
  lifetime.stale_if_error = window(fill.stale_if_error, ToNanos(options_.stale_if_error));
  entry->SetHashes(keys_);
  return entry;
}

bool Core::Impl::IsTooLarge(const Entry& entry) const {
  return entry.name.size() > kNameBytesMax || entry.tags.size() > kTagsMax ||
         std::any_of(entry.tags.begin(), entry.tags.end(),
                     [](const std::string& tag) { return tag.size() > kTagBytesMax; }) ||
         !memory_.Fits(entry.head.size() + entry.body.size());
}

std::optional<Refusal> Core::Impl::KeepCounted(const std::shared_ptr<Entry>& entry,
                                               const FillToken& token) {
  const std::optional<Refusal> refused = Keep(entry, token);
  if (refused) instruments_.CountRefusal(entry->door, *refused);
  return refused;
}

std::optional<Refusal> Core::Impl::Keep(const std::shared_ptr<Entry>& entry,
                                        const FillToken& token) {
  if (IsTooLarge(*entry)) return Refusal::kTooLarge;
  if (entry->lifetime.ttl <= 0) return Refusal::kNoStore;  // Negative results are off.
  const Nanos start = clock_.Now();
  if (table_.IsLate(token, *entry, start)) return Refusal::kRaced;
  try {
    if (!memory_.Insert(entry)) return Refusal::kTooLarge;
  } catch (const std::bad_alloc&) {
    return Refusal::kNoMemory;
  }
  if (table_.epoch() != token.epoch) {
    // A recovery emptied memory between the check and the insertion.
    memory_.Remove(*entry, Eviction::kInvalidated);
    return Refusal::kRaced;
  }
  instruments_.memory_set.Observe(ToSeconds(clock_.Now() - start));
  instruments_.CountInsertion(entry->door, StoreKind::kMemory);
  RemoteStore* redis = redis_.load(std::memory_order_acquire);
  if (redis == nullptr || state_.load(std::memory_order_acquire) != CacheState::kRedis) return {};
  redis->Put(entry, token.epoch, [this, door = entry->door](bool written) {
    if (written) {
      instruments_.CountInsertion(door, StoreKind::kRedis);
    } else {
      instruments_.CountRefusal(door, Refusal::kStore);
    }
  });
  return {};
}

void Core::Impl::Serve(std::vector<Waiter> waiters, const EntryPtr& entry) {
  for (Waiter& waiter : waiters) {
    LookupResult result;
    result.kind = LookupKind::kShared;
    result.store = waiter.store;
    result.entry = entry;
    result.age = AgeOf(*entry);
    instruments_.CountCoalesced(waiter.request.door, waiter.store, result.age);
    waiter.done(std::move(result));
  }
}

void Core::Impl::Promote(std::vector<Waiter> waiters) {
  for (Waiter& waiter : waiters) GiveTicket(std::move(waiter), Mode::kLeader, true);
}

// Who came before any event since the fetch began may have its answer. The others asked after an
// event and must not get what is older.
void Core::Impl::LandFlight(const FillToken& token, const Stored& stored) {
  const EntryKey& key = stored.entry->key;
  if (stored.refused != Refusal::kRaced) return Serve(flights_.Land(key), stored.entry);
  Flights::Split split = flights_.LandLate(key, token.sequence);
  Serve(std::move(split.served), stored.entry);
  Promote(std::move(split.promoted));
}

void Core::Impl::FailFlight(const EntryKey& key, const FailurePtr& failure) {
  Flights::Split split = flights_.Abort(key, /*failed=*/true);
  for (Waiter& waiter : split.served) {
    if (waiter.request.after_failure == AfterFailure::kFetch) {
      GiveTicket(std::move(waiter), Mode::kAlone, true);
      continue;
    }
    instruments_.CountCoalesced(waiter.request.door, waiter.store, -1);
    LookupResult result;
    result.kind = LookupKind::kFailed;
    result.store = waiter.store;
    result.failure = failure;
    waiter.done(std::move(result));
  }
  Promote(std::move(split.promoted));
}

EntryPtr Core::Impl::StandIn(const EntryPtr& stale) const {
  if (stale == nullptr || table_.IsDead(*stale)) return nullptr;
  const Nanos until = stale->lifetime.ttl + stale->lifetime.stale_if_error;
  return AgeOf(*stale) < until ? stale : nullptr;
}

}  // namespace pgsidecar::cache
