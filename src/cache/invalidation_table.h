#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "cache/entry.h"
#include "cache/event.h"
#include "cache/fill.h"
#include "cache/store.h"

namespace pgsidecar::cache {

/// Sizes of the table. What does not fit raises the floor: forgetting costs misses, never truth.
struct TableLimits {
  std::size_t exact = 131'072;
  std::size_t patterns = 1'024;
  /// Events that wait for the log's answer one by one; beyond that all count as a clear.
  std::size_t pending = 32'768;
  /// Age at which a record leaves silently: no entry lives so long.
  Nanos record_age = 0;
  /// Oldest fill token that may store.
  Nanos token_age = 0;
};

/// What is known of invalidations: key or tag to position, patterns, one floor per door. Decides
/// which entries are dead and which fills came too late.
///
/// Positions are the log's in state redis. An event of ours is not there until the log answers: it
/// counts as +infinity until then. Without the log they come from a counter that goes on from the
/// last one, and an unconfirmed event has its counter's position besides. Thread-safe: one lock,
/// shared by readers, which skip it while nothing has changed.
class InvalidationTable {
 public:
  explicit InvalidationTable(const TableLimits& limits);

  /// Whether an entry may not be used any more. Remembers in the entry how far it was checked.
  bool IsDead(const Entry& entry) const;
  FillToken Token(Nanos now) const;
  /// Whether an entry that was fetched under `token` came too late.
  bool IsLate(const FillToken& token, const Entry& entry, Nanos now) const;

  /// An event of this process. Returns its ticket for the log, 0 without a log.
  std::uint64_t Apply(const Event& event, Nanos now);
  /// An event of the log.
  void ApplyAt(const Event& event, Position position, Nanos now);
  void Confirm(const Tickets& tickets, Position position);
  void RaiseFloor(Position position, std::string_view cause);

  /// From now on there is a log: events get tickets. State kRecovering.
  void UseLog();
  /// The log is out of reach, or back. Return the new epoch.
  std::uint64_t Leave(CacheState state);
  std::uint64_t Recover(const Recovery& recovery);
  std::uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }

  /// Drops records that are too old to matter.
  void Forget(Nanos now);

  std::uint64_t sequence() const { return sequence_.load(std::memory_order_acquire); }
  std::size_t pending() const;
  bool IsPending(std::uint64_t ticket) const;
  std::size_t patterns() const;
  std::size_t exact() const;
  Position position() const;
  std::string floor_cause() const;

  /// Whether `event` names `entry`, whatever their positions.
  static bool Names(const Event& event, const Entry& entry);

 private:
  struct Record {
    Position position = 0;
    std::uint64_t sequence = 0;
    Nanos at = 0;
    std::uint32_t pending = 0;  // Events in it that the log has not confirmed.
    DoorSet doors = {};
  };
  struct Ban {
    std::string pattern = {};
    Record record = {};
  };
  /// Where an unconfirmed event is recorded.
  struct Place {
    enum class Kind : std::uint8_t { kExact, kBan, kFloor } kind = Kind::kFloor;
    std::uint64_t slot = 0;    // kExact.
    std::string pattern = {};  // kBan.
    DoorSet doors = {};        // kFloor.
  };
  struct Age {
    std::uint64_t slot = 0;
    std::uint64_t sequence = 0;
  };

  // All below: with mutex_ held, exclusively when not const.
  bool Kills(const Record& record, const Entry& entry) const;
  bool KilledBySlot(std::uint64_t slot, const Entry& entry) const;
  bool FindDead(const Entry& entry, std::uint64_t checked) const;
  bool IsOver(const Record& record, Nanos now) const;
  Place RecordEvent(const Event& event, Position position, Nanos now);
  Place RecordExact(const Event& event, Position position, Nanos now);
  Place RecordBan(const Event& event, Position position, Nanos now);
  Place RecordFloor(DoorSet doors, Position position);
  void Touch(Record& record, const Event& event, Position position, Nanos now);
  void AddPending(const Place& place);
  void Settle(const Place& place, Position position);
  void ForEachRecord(const Place& place, const std::function<void(Record&)>& visit);
  bool EvictExact();
  bool EvictBan();
  void LiftFloor(DoorSet doors, Position position, std::string_view cause);
  void ResetRecords(Position floor);
  std::uint64_t NewEpoch();
  void Changed() { sequence_.fetch_add(1, std::memory_order_acq_rel); }

  const TableLimits limits_;
  std::atomic<std::uint64_t> sequence_ = 1;
  std::atomic<std::uint64_t> epoch_ = 1;

  mutable std::shared_mutex mutex_;
  // Guarded by mutex_.
  bool has_log_ = false;
  CacheState state_ = CacheState::kMemory;
  Position position_ = 0;
  std::array<Record, kDoors> floors_ = {};
  std::unordered_map<std::uint64_t, Record> exact_;
  std::deque<Age> ages_;  // Slots in the order of their last event; outdated ones are skipped.
  std::deque<Ban> bans_;  // Oldest event first.
  std::uint64_t next_ticket_ = 1;
  std::map<std::uint64_t, Place> pending_;
  std::uint64_t overflow_first_ = 0;  // Tickets from here on are in the floors; 0 for none.
  std::uint64_t overflow_left_ = 0;
  std::string floor_cause_;
};

}  // namespace pgsidecar::cache
