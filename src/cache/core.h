#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "cache/cache_metrics.h"
#include "cache/entry.h"
#include "cache/event.h"
#include "cache/fill.h"
#include "cache/keys.h"
#include "cache/options.h"
#include "cache/store.h"
#include "metrics/registry.h"

namespace pgsidecar::cache {

/// Who renews an entry that is about to expire, or has.
enum class Refresher : std::uint8_t {
  kBackground,  ///< The caller is answered at once and runs the fetch besides.
  kCaller,      ///< The chosen caller fetches instead of being answered from the cache.
};

/// What a waiter gets when two leaders have failed.
enum class AfterFailure : std::uint8_t { kShareError, kFetch };

struct LookupRequest {
  Door door = Door::kQuery;
  EntryKey key = {};
  std::string_view name = {};  ///< Longer than kNameBytesMax: every look-up is a miss.
  /// Longest wait for the fetch of another caller.
  Nanos wait = 5 * kNanosPerSecond;
  Nanos deadline = 0;  ///< Of the request (Clock::Now), 0 for none.
  Refresher refresher = Refresher::kBackground;
  AfterFailure after_failure = AfterFailure::kShareError;
};

enum class LookupKind : std::uint8_t {
  kHit,     ///< `entry` is fresh. With a ticket: renew it in the background.
  kStale,   ///< `entry` is past its TTL, but allowed. With a ticket: renew it in the background.
  kFill,    ///< `ticket`: fetch now.
  kShared,  ///< `entry` was fetched by another caller meanwhile; it counts as a miss.
  kFailed,  ///< `failure` of the fetch this caller waited for.
  kMiss,    ///< Peek only: nothing there.
};

struct LookupResult {
  LookupKind kind = LookupKind::kMiss;
  StoreKind store = StoreKind::kMemory;
  EntryPtr entry = {};
  Nanos age = 0;
  FillTicket ticket = {};
  FailurePtr failure = {};
};

/// Called exactly once, unless Cancel says otherwise: inline when memory decides, else on any
/// thread, with no lock held. It must be quick or post.
using LookupDone = std::function<void(LookupResult)>;

/// A look-up that waits; 0 for one that was answered.
using WaitId = std::uint64_t;

struct Invalidated {
  std::size_t memory = 0;    ///< Entries that left memory; Purge only.
  bool pending = false;      ///< Other sidecars do not know yet. Purge waits for a moment.
  std::uint64_t ticket = 0;  ///< Of the event in the log, 0 without one.
};

/// What GET /api/v1/cache shows beside the metrics.
struct Stats {
  CacheState state = CacheState::kMemory;
  std::size_t entries = 0;
  std::size_t bytes = 0;
  std::size_t waiters = 0;
  std::size_t fetches = 0;
  std::size_t patterns = 0;
  std::size_t exact = 0;
  std::size_t pending = 0;
  Position position = 0;
  std::string last_floor_cause = {};
};

/// All of it outlives the core but the store, which it owns.
struct CoreContext {
  const Options& options;
  const Clock& clock;
  metrics::Registry& registry;
};

/// The cache: look-ups, fills, invalidation and their books, over a memory store and, when given, a
/// remote one. Knows neither SQL nor HTTP. Thread-safe.
class Core {
 public:
  explicit Core(const CoreContext& context);
  /// Requires: no ticket left, no call under way. Waiters are answered with a failure.
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  /// Keys for this deployment; a remote store is made with it.
  const KeySpace& keys() const;

  /// Takes the remote store (or null) and begins: state machine and maintenance thread.
  void Start(std::unique_ptr<RemoteStore> remote);
  /// Ends both. Look-ups go on in memory.
  void Stop();

  WaitId Lookup(const LookupRequest& request, LookupDone done);
  /// Withdraws a look-up that waits: if true, `done` is not called and nothing is counted.
  bool Cancel(WaitId id);
  /// Like Lookup, but never waits, fetches or answers stale.
  void Peek(const LookupRequest& request, LookupDone done);
  /// Stores what the caller has. Only door, key and name of `request` matter.
  Stored Put(const LookupRequest& request, Fill fill);

  /// `pattern` as an event: a glob, or exactly one name when it has no wildcard.
  Result<Event> PatternEvent(std::string_view pattern, DoorSet doors) const;
  Event TagEvent(std::string_view tag) const;
  /// Whoever asks from now on gets nothing older than now. O(1), never blocks.
  Invalidated Invalidate(const Event& event);
  /// The same, then walks memory to free and to count.
  Invalidated Purge(const Event& event);

  void CountBypass(Bypass reason);
  CacheState state() const;
  Stats stats() const;
  /// What the maintenance thread does: releases overdue waiters, sweeps memory, forgets old
  /// records. Public for tests with a clock that stands still.
  void Maintain();

 private:
  friend class FillTicket;
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace pgsidecar::cache
