#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cache/core.h"

namespace pgsidecar::cache {

/// A look-up on its way: in the call, at the remote store, or waiting for the fetch of another.
struct Waiter {
  WaitId id = 0;
  LookupRequest request = {};  ///< Its name is valid in the call only, until KeepName.
  std::string name = {};
  StoreKind store = StoreKind::kMemory;
  EntryPtr stale = {};         ///< May stand in if the origin fails.
  std::uint64_t sequence = 0;  ///< Of the newest event when it began to wait.
  Nanos came_at = 0;
  bool is_due_early = false;  ///< If the entry is fresh, it was chosen to be renewed.
  Nanos deadline = 0;         ///< Of the wait.
  LookupDone done = {};

  void KeepName() {
    if (name.empty()) name = request.name;
    request.name = {};
  }
  std::string_view Name() const { return name.empty() ? request.name : name; }
};

struct FlightLimits {
  std::size_t waiters_per_key = 4'096;
  std::size_t waiters = 16'384;
  std::size_t background = 8;
  std::size_t unshared = 16'384;  ///< Hit-for-miss markers.
  Nanos unshared_for = 120 * kNanosPerSecond;
};

/// Who fetches what: at most one fetch per key, those who wait for it, and the keys nobody should
/// wait for. Hands waiters back and never calls them. Thread-safe.
class Flights {
 public:
  explicit Flights(const FlightLimits& limits) : limits_(limits) {}

  enum class Role : std::uint8_t {
    kLeader,    ///< Fetch, then Land.
    kWaiter,    ///< Kept: it will be handed back.
    kAlone,     ///< Too many wait already: fetch without a flight.
    kUnshared,  ///< The key's answers may not be shared: fetch without a flight, and try to store.
  };
  /// Makes the caller leader of a new flight, or keeps `waiter` and sets its id.
  Role Join(Waiter& waiter, Nanos now);
  /// A flight to renew an entry; nobody waits for it yet. False if there is one already, or too
  /// many in the background.
  bool StartRefresh(const EntryKey& key, bool background);

  /// The fetch is over. Returns all who waited, in the order they came.
  std::vector<Waiter> Land(const EntryKey& key);
  /// The answer is good for those only who came before `sequence` rose above the token's: returns
  /// them. Of the others the first is promoted.
  struct Split {
    std::vector<Waiter> served = {};
    std::vector<Waiter> promoted = {};  // None or one.
  };
  Split LandLate(const EntryKey& key, std::uint64_t sequence);
  /// The leader failed or left. One waiter is promoted: it leads the same flight. None: the flight
  /// is over, or it failed for the second time and all waiters are returned in `served`.
  Split Abort(const EntryKey& key, bool failed);

  /// A look-up goes to the remote store. Back from there, false: it was withdrawn.
  WaitId BeginAsking();
  bool EndAsking(WaitId id);

  /// Waiters whose time is up.
  std::vector<Waiter> TakeOverdue(Nanos now);
  bool Cancel(WaitId id);
  std::vector<Waiter> TakeAll();
  /// The earliest deadline of a waiter, 0 for none.
  Nanos next_deadline() const;

  void MarkUnshared(const EntryKey& key, Nanos now);
  void ClearUnshared(const EntryKey& key);

  bool Awaited(const EntryKey& key) const;
  std::size_t waiters() const;
  std::size_t fetches() const;

 private:
  struct Flight {
    std::list<Waiter> waiters = {};
    int failures = 0;
    bool background = false;
  };
  struct KeyHash {
    std::size_t operator()(const EntryKey& key) const { return key.low; }
  };
  using Map = std::unordered_map<EntryKey, Flight, KeyHash>;

  // All below: with mutex_ held.
  bool IsUnshared(const EntryKey& key, Nanos now);
  Waiter Take(Flight& flight, std::list<Waiter>::iterator waiter);
  std::vector<Waiter> TakeAllOf(Flight& flight);
  void Promote(Map::iterator flight, std::vector<Waiter>& to);
  void Erase(Map::iterator flight);
  void EndBackground(Flight& flight);

  const FlightLimits limits_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  Map flights_;
  std::unordered_map<WaitId, std::pair<EntryKey, std::list<Waiter>::iterator>> by_id_;
  std::set<std::pair<Nanos, WaitId>> by_deadline_;
  std::unordered_map<EntryKey, Nanos, KeyHash> unshared_;  // Until when.
  std::deque<std::pair<EntryKey, Nanos>> unshared_order_;
  std::unordered_set<WaitId> asking_;
  WaitId next_id_ = 1;
  std::size_t background_ = 0;
};

}  // namespace pgsidecar::cache
