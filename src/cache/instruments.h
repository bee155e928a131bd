#pragma once

#include <array>

#include "cache/cache_metrics.h"
#include "cache/core.h"
#include "cache/memory_store.h"
#include "cache/options.h"
#include "metrics/registry.h"

namespace pgsidecar::cache {

/// Label `reason` of pgsidecar_cache_refreshes_total.
enum class RefreshReason : std::uint8_t { kEarly, kStale, kScheduled, kWarmup };
inline constexpr std::array<std::string_view, 4> kRefreshNames = {"early", "stale", "scheduled",
                                                                  "warmup"};
/// Label `reason` of pgsidecar_cache_stale_total.
enum class StaleReason : std::uint8_t { kRefreshing, kError };
inline constexpr std::array<std::string_view, 2> kStaleNames = {"refreshing", "error"};

/// The series of one door, resolved once; those of redis only when it is configured. A null pointer
/// is a series that this configuration does not have.
struct DoorInstruments {
  DoorInstruments(metrics::Registry& registry, Door door, bool redis);

  std::array<metrics::Counter*, 2> lookups = {};
  std::array<metrics::Counter*, 2> hits = {};
  std::array<metrics::Counter*, 2> misses = {};
  std::array<metrics::Counter*, 2> insertions = {};
  std::array<std::array<metrics::Counter*, 2>, 2> stale = {};  // [store][reason]
  std::array<metrics::Counter*, kRefusalNames.size()> refused = {};
  std::array<metrics::Counter*, 4> refreshes = {};
  std::array<metrics::Counter*, 4> evictions = {};
  std::array<metrics::Counter*, kEventKindNames.size()> invalidations = {};
  std::array<metrics::Counter*, kBypassNames.size()> bypasses = {};
  metrics::Counter* coalesced = nullptr;
  metrics::Histogram* answer_age = nullptr;
  metrics::Gauge* entries = nullptr;
  metrics::Gauge* size_bytes = nullptr;
  metrics::Gauge* max_size_bytes = nullptr;
};

/// The metrics of the core. Thread-safe.
class Instruments {
 public:
  Instruments(metrics::Registry& registry, const Options& options);

  /// Each look-up is counted by exactly one of these four, when it ends.
  void CountHit(Door door, StoreKind store, Nanos age);
  void CountStale(Door door, StoreKind store, StaleReason reason, Nanos age);
  void CountMiss(Door door, StoreKind store);
  /// A miss that waited for another's fetch; `age` of the entry it got, or negative for none.
  void CountCoalesced(Door door, StoreKind store, Nanos age);

  void CountInsertion(Door door, StoreKind store);
  void CountRefusal(Door door, Refusal reason);
  void CountRefresh(Door door, RefreshReason reason);
  void CountEviction(Door door, Eviction reason);
  void CountInvalidation(DoorSet doors, EventKind kind);
  void CountBypass(Bypass reason);
  void CountState(CacheState state);

  /// Before an exposition.
  void ShowMemory(const MemoryStore& memory);

  metrics::Histogram& memory_get;
  metrics::Histogram& memory_set;
  metrics::Histogram& memory_invalidate;
  metrics::Gauge* pending = nullptr;  ///< Null without Redis.

 private:
  DoorInstruments* Of(Door door) { return doors_[static_cast<std::size_t>(door)].get(); }

  std::array<std::unique_ptr<DoorInstruments>, kDoors> doors_;
  std::array<metrics::Gauge*, 3> state_ = {};
  std::array<metrics::Counter*, 3> transitions_ = {};
};

}  // namespace pgsidecar::cache
