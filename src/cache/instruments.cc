#include "cache/instruments.h"

namespace pgsidecar::cache {
namespace {

template <class E>
constexpr std::size_t At(E value) {
  return static_cast<std::size_t>(value);
}

void Count(metrics::Counter* counter) {
  if (counter != nullptr) counter->Increment();
}

/// The reasons for refusal that a door has.
bool Has(Door door, Refusal refusal) {
  switch (refusal) {
    case Refusal::kTooLarge:
    case Refusal::kRaced:
    case Refusal::kNoMemory:
    case Refusal::kStore:
      return true;
    case Refusal::kError:
    case Refusal::kInterrupted:
      return door == Door::kQuery;
    default:
      return door == Door::kHttp;
  }
}

/// For HTTP an error is a status that is not stored, and what broke off is incomplete.
Refusal Translated(Door door, Refusal reason) {
  if (Has(door, reason)) return reason;
  return reason == Refusal::kInterrupted ? Refusal::kIncomplete : Refusal::kStatus;
}

}  // namespace

DoorInstruments::DoorInstruments(metrics::Registry& registry, Door door, bool redis) {
  const std::string_view name = Name(door);
  for (std::size_t store = 0; store < (redis ? 2U : 1U); ++store) {
    const std::string_view in = kStoreNames[store];
    lookups[store] = &registry.AddCounter(kCacheLookupsTotal, {name, in});
    hits[store] = &registry.AddCounter(kCacheHitsTotal, {name, in});
    misses[store] = &registry.AddCounter(kCacheMissesTotal, {name, in});
    insertions[store] = &registry.AddCounter(kCacheInsertionsTotal, {name, in});
    for (std::size_t i = 0; i < kStaleNames.size(); ++i) {
      stale[store][i] = &registry.AddCounter(kCacheStaleTotal, {name, in, kStaleNames[i]});
    }
  }
  for (std::size_t i = 0; i < refused.size(); ++i) {
    if (!Has(door, static_cast<Refusal>(i))) continue;
    refused[i] = &registry.AddCounter(kCacheInsertionsRefusedTotal, {name, kRefusalNames[i]});
  }
  for (std::size_t i = 0; i < refreshes.size(); ++i) {
    refreshes[i] = &registry.AddCounter(kCacheRefreshesTotal, {name, kRefreshNames[i]});
    evictions[i] = &registry.AddCounter(kCacheEvictionsTotal, {name, "memory", kEvictionNames[i]});
  }
  for (std::size_t i = 0; i < invalidations.size(); ++i) {
    invalidations[i] = &registry.AddCounter(kCacheInvalidationsTotal, {name, kEventKindNames[i]});
  }
  for (std::size_t i = 0; i < bypasses.size(); ++i) {
    if ((i < kSqlBypasses) != (door == Door::kQuery)) continue;
    bypasses[i] = &registry.AddCounter(kCacheBypassesTotal, {name, kBypassNames[i]});
  }
  coalesced = &registry.AddCounter(kCacheCoalescedRequestsTotal, {name});
  answer_age = &registry.AddHistogram(kCacheAnswerAgeSeconds, {name});
  entries = &registry.AddGauge(kCacheEntries, {name, "memory"});
  size_bytes = &registry.AddGauge(kCacheSizeBytes, {name, "memory"});
  max_size_bytes = &registry.AddGauge(kCacheMaxSizeBytes, {name, "memory"});
}

Instruments::Instruments(metrics::Registry& registry, const Options& options)
    : memory_get(registry.AddHistogram(kCacheOperationDurationSeconds,
                                       {kStoreNames[0], kStoreActionNames[0]})),
      memory_set(registry.AddHistogram(kCacheOperationDurationSeconds,
                                       {kStoreNames[0], kStoreActionNames[1]})),
      memory_invalidate(registry.AddHistogram(kCacheOperationDurationSeconds,
                                              {kStoreNames[0], kStoreActionNames[2]})) {
  const bool redis = !options.redis.url.empty();
  doors_[At(Door::kQuery)] = std::make_unique<DoorInstruments>(registry, Door::kQuery, redis);
  if (options.http_door) {
    doors_[At(Door::kHttp)] = std::make_unique<DoorInstruments>(registry, Door::kHttp, redis);
  }
  for (const auto& door : doors_) {
    if (door) door->max_size_bytes->Set(static_cast<double>(options.max_bytes));
  }
  registry.AddGauge(kCacheStoreUp, {kStoreNames[0]}).Set(1);
  if (!redis) return;
  pending = &registry.AddGauge(kCacheInvalidationsPending);
  for (std::size_t i = 0; i < state_.size(); ++i) {
    state_[i] = &registry.AddGauge(kCacheState, {kCacheStateNames[i]});
    transitions_[i] = &registry.AddCounter(kCacheStateTransitionsTotal, {kCacheStateNames[i]});
  }
}

void Instruments::CountHit(Door door, StoreKind store, Nanos age) {
  DoorInstruments* of = Of(door);
  if (of == nullptr) return;
  Count(of->lookups[At(store)]);
  Count(of->hits[At(store)]);
  of->answer_age->Observe(ToSeconds(age));
}

void Instruments::CountStale(Door door, StoreKind store, StaleReason reason, Nanos age) {
  DoorInstruments* of = Of(door);
  if (of == nullptr) return;
  Count(of->lookups[At(store)]);
  Count(of->stale[At(store)][At(reason)]);
  of->answer_age->Observe(ToSeconds(age));
}

void Instruments::CountMiss(Door door, StoreKind store) {
  DoorInstruments* of = Of(door);
  if (of == nullptr) return;
  Count(of->lookups[At(store)]);
  Count(of->misses[At(store)]);
}

void Instruments::CountCoalesced(Door door, StoreKind store, Nanos age) {
  CountMiss(door, store);
  DoorInstruments* of = Of(door);
  if (of == nullptr) return;
  Count(of->coalesced);
  if (age >= 0) of->answer_age->Observe(ToSeconds(age));
}

void Instruments::CountInsertion(Door door, StoreKind store) {
  if (DoorInstruments* of = Of(door)) Count(of->insertions[At(store)]);
}

void Instruments::CountRefusal(Door door, Refusal reason) {
  if (DoorInstruments* of = Of(door)) Count(of->refused[At(Translated(door, reason))]);
}

void Instruments::CountRefresh(Door door, RefreshReason reason) {
  if (DoorInstruments* of = Of(door)) Count(of->refreshes[At(reason)]);
}

void Instruments::CountEviction(Door door, Eviction reason) {
  if (DoorInstruments* of = Of(door)) Count(of->evictions[At(reason)]);
}

void Instruments::CountInvalidation(DoorSet doors, EventKind kind) {
  for (std::size_t i = 0; i < kDoors; ++i) {
    if (doors_[i] && doors.Has(static_cast<Door>(i))) Count(doors_[i]->invalidations[At(kind)]);
  }
}

void Instruments::CountBypass(Bypass reason) {
  const Door door = At(reason) < kSqlBypasses ? Door::kQuery : Door::kHttp;
  if (DoorInstruments* of = Of(door)) Count(of->bypasses[At(reason)]);
}

void Instruments::CountState(CacheState state) {
  for (std::size_t i = 0; i < state_.size(); ++i) {
    if (state_[i] != nullptr) state_[i]->Set(i == At(state) ? 1 : 0);
  }
  Count(transitions_[At(state)]);
}

void Instruments::ShowMemory(const MemoryStore& memory) {
  for (std::size_t i = 0; i < kDoors; ++i) {
    if (!doors_[i]) continue;
    const auto door = static_cast<Door>(i);
    doors_[i]->entries->Set(static_cast<double>(memory.entries(door)));
    doors_[i]->size_bytes->Set(static_cast<double>(memory.bytes(door)));
  }
}

}  // namespace pgsidecar::cache
