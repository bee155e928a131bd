#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

#include "cache/entry.h"
#include "cache/event.h"

namespace pgsidecar::cache {

/// Label `store`.
enum class StoreKind : std::uint8_t { kMemory, kRedis };
inline constexpr std::array<std::string_view, 2> kStoreNames = {"memory", "redis"};

/// Label `state` of pgsidecar_cache_state. Without a remote store it is kMemory for good.
enum class CacheState : std::uint8_t { kRedis, kMemory, kRecovering };
inline constexpr std::array<std::string_view, 3> kCacheStateNames = {"redis", "memory",
                                                                     "recovering"};

enum class GetOutcome : std::uint8_t {
  kFound,
  kAbsent,       ///< The store answered that it has nothing usable (a corrupt value is unlinked).
  kUnavailable,  ///< It did not answer in time, is busy or down. The caller goes on without it.
};

/// A place that keeps entries by key. It judges neither age nor invalidation: the core does, on
/// every read. Thread-safe. No call blocks and none throws.
class Store {
 public:
  /// `entry` is null unless kFound.
  using GetDone = std::function<void(GetOutcome, EntryPtr entry)>;
  /// Whether the entry was written.
  using PutDone = std::function<void(bool written)>;

  virtual ~Store() = default;

  virtual StoreKind kind() const = 0;
  /// Calls `done` exactly once, with no lock held: memory inline, a remote store on any thread and
  /// not later than its soft deadline or at `deadline` (Clock::Now, 0 for none).
  virtual void Get(const EntryKey& key, Nanos deadline, GetDone done) = 0;
  /// Keeps `entry` for its hard TTL at most, in place of an older one; `epoch`: see RemoteSink.
  /// `done` (may be empty) is called exactly once, as in Get; nobody waits for it before answering
  /// a client.
  virtual void Put(EntryPtr entry, std::uint64_t epoch, PutDone done) = 0;
  /// Drops what is there, if anything is. Best effort.
  virtual void Unlink(const EntryKey& key) = 0;
};

/// A run of tickets that Publish was called with, both included.
struct Tickets {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// How a recovery ended.
struct Recovery {
  /// Another log than before (first start, another run_id, a lost log): positions start anew, and
  /// what is remembered of invalidations belongs to entries that nobody can reach any more.
  bool new_log = false;
  Position position = 0;  ///< Of the newest event read.
  Position floor = 0;     ///< Entries below it are dead: the first event that is retained.
};

/// What a remote store tells the core. Thread-safe; call it with no lock held.
///
/// Every change of state begins a new epoch, whose number is returned. The store compares it with
/// the one in Put and drops (`written` false) what was judged in another epoch, so that no fill can
/// slip past a recovery. What a Get read before a change of state is kUnavailable after it.
class RemoteSink {
 public:
  virtual ~RemoteSink() = default;

  /// kMemory or kRecovering is entered. Fills under way will not be stored.
  virtual std::uint64_t OnState(CacheState state) = 0;
  /// Steps 1 to 3 of a recovery are done: memory is emptied and kRedis entered, as one step.
  virtual std::uint64_t OnRecovered(const Recovery& recovery) = 0;
  /// An event read from the log, in order: a peer's, or one of ours coming back.
  virtual void OnEvent(const Event& event, Position position) = 0;
  /// Our events `tickets` are in the log at `position` (or covered there by a clear). Until then
  /// they count, in state redis, against everything.
  virtual void OnConfirmed(const Tickets& tickets, Position position) = 0;
  /// Events up to `position` are unknown: everything older is dead. `cause` is for the status page.
  virtual void RaiseFloor(Position position, std::string_view cause) = 0;
};

/// A store that other sidecars share, with the log of invalidations and the state machine of the
/// fallback. It owns connection, deadlines, breaker, queue of unconfirmed events and their retry.
/// Get and Put are only called in state redis, but may come a moment after it was left.
class RemoteStore : public Store {
 public:
  /// Begins in kRecovering. `sink` outlives the store or the call of Stop, whichever is first.
  virtual void Start(RemoteSink& sink) = 0;
  /// When it returns, the sink is not called any more and every Get and Put has been answered.
  virtual void Stop() = 0;
  /// Appends `event` to the log, now or after the next recovery, and confirms `ticket`. Tickets
  /// grow by one. Never fails: what the queue cannot hold becomes a new generation. kAll begins a
  /// new generation besides.
  virtual void Publish(const Event& event, std::uint64_t ticket) = 0;
};

}  // namespace pgsidecar::cache
