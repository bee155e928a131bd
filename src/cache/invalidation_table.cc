#include "cache/invalidation_table.h"

#include <algorithm>
#include <limits>

#include "base/glob.h"

namespace pgsidecar::cache {
namespace {

constexpr Position kInfinity = std::numeric_limits<Position>::max();

/// Keys and tags share one map.
std::uint64_t SlotOf(EventKind kind, std::uint64_t hash) {
  return kind == EventKind::kKey ? hash ^ 0x9e3779b97f4a7c15U : hash;
}

DoorSet Union(DoorSet a, DoorSet b) {
  return DoorSet::FromBits(static_cast<std::uint8_t>(a.bits() | b.bits()));
}

}  // namespace

InvalidationTable::InvalidationTable(const TableLimits& limits) : limits_(limits) {
  for (std::size_t i = 0; i < kDoors; ++i) floors_[i].doors = static_cast<Door>(i);
}

bool InvalidationTable::IsDead(const Entry& entry) const {
  const std::uint64_t checked = entry.checked.get();
  if (checked == sequence_.load(std::memory_order_acquire)) return false;
  const std::shared_lock lock(mutex_);
  if (FindDead(entry, checked)) return true;
  entry.checked.set(sequence_.load(std::memory_order_acquire));
  return false;
}

FillToken InvalidationTable::Token(Nanos now) const {
  const std::shared_lock lock(mutex_);
  return {epoch_.load(std::memory_order_acquire), position_,
          sequence_.load(std::memory_order_acquire), now};
}

bool InvalidationTable::IsLate(const FillToken& token, const Entry& entry, Nanos now) const {
  const std::shared_lock lock(mutex_);
  if (token.epoch != epoch_.load(std::memory_order_acquire)) return true;
  if (now - token.taken_at > limits_.token_age) return true;
  const std::uint64_t sequence = sequence_.load(std::memory_order_acquire);
  // Nothing happened since the fetch began: an event that still waits for the log came before it.
  if (sequence != token.sequence && FindDead(entry, 0)) return true;
  entry.checked.set(sequence);
  return false;
}

bool InvalidationTable::Kills(const Record& record, const Entry& entry) const {
  const bool open = record.pending > 0 && state_ == CacheState::kRedis;
  return (open ? kInfinity : record.position) > entry.position && record.doors.Has(entry.door);
}

bool InvalidationTable::KilledBySlot(std::uint64_t slot, const Entry& entry) const {
  const auto found = exact_.find(slot);
  return found != exact_.end() && Kills(found->second, entry);
}

bool InvalidationTable::FindDead(const Entry& entry, std::uint64_t checked) const {
  if (Kills(floors_[static_cast<std::size_t>(entry.door)], entry)) return true;
  if (KilledBySlot(SlotOf(EventKind::kKey, entry.name_hash), entry)) return true;
  for (const std::uint64_t tag : entry.tag_hashes) {
    if (KilledBySlot(SlotOf(EventKind::kTag, tag), entry)) return true;
  }
  // The newest first, up to the one that the entry has survived. Positions before globs: an entry
  // of a remote store comes unchecked each time.
  for (auto ban = bans_.rbegin(); ban != bans_.rend(); ++ban) {
    if (ban->record.sequence <= checked) break;
    if (Kills(ban->record, entry) && GlobMatches(ban->pattern, entry.name)) return true;
  }
  return false;
}

std::uint64_t InvalidationTable::Apply(const Event& event, Nanos now) {
  const std::lock_guard lock(mutex_);
  Changed();
  // In state redis positions come from Redis alone.
  const bool from_log = state_ == CacheState::kRedis;
  if (!from_log) ++position_;
  const Position position = from_log ? 0 : position_;
  if (!has_log_) {
    RecordEvent(event, position, now);
    return 0;
  }
  const std::uint64_t ticket = next_ticket_++;
  if (overflow_first_ != 0 || pending_.size() >= limits_.pending) {
    if (overflow_first_ == 0) overflow_first_ = ticket;
    ++overflow_left_;
    AddPending(RecordFloor(DoorSet::All(), position));
    floor_cause_ = "too many unconfirmed invalidations";
    return ticket;
  }
  const Place place = RecordEvent(event, position, now);
  AddPending(place);
  pending_.emplace(ticket, place);
  return ticket;
}

void InvalidationTable::ApplyAt(const Event& event, Position position, Nanos now) {
  const std::lock_guard lock(mutex_);
  Changed();
  position_ = std::max(position_, position);
  RecordEvent(event, position, now);
}

InvalidationTable::Place InvalidationTable::RecordEvent(const Event& event, Position position,
                                                        Nanos now) {
  switch (event.kind) {
    case EventKind::kKey:
    case EventKind::kTag:
    case EventKind::kTable:
      return RecordExact(event, position, now);
    case EventKind::kPattern:
      return RecordBan(event, position, now);
    case EventKind::kAll:
    case EventKind::kFloor:
      break;
  }
  return RecordFloor(event.doors, position);
}

void InvalidationTable::Touch(Record& record, const Event& event, Position position, Nanos now) {
  record.position = std::max(record.position, position);
  record.sequence = sequence_.load(std::memory_order_relaxed);
  record.at = now;
  record.doors = Union(record.doors, event.doors);
}

InvalidationTable::Place InvalidationTable::RecordExact(const Event& event, Position position,
                                                        Nanos now) {
  const std::uint64_t slot = SlotOf(event.kind, event.hash);
  // Room first: the new record itself must not be what has to go.
  if (!exact_.contains(slot) && exact_.size() >= limits_.exact && !EvictExact()) {
    floor_cause_ = "too many unconfirmed keys and tags";
    return RecordFloor(event.doors, position);
  }
  Touch(exact_[slot], event, position, now);
  ages_.push_back({slot, exact_[slot].sequence});
  if (ages_.size() > 2 * limits_.exact + 1024) {
    // One slot may have had most of the events.
    std::erase_if(ages_, [this](const Age& age) {
      const auto found = exact_.find(age.slot);
      return found == exact_.end() || found->second.sequence != age.sequence;
    });
  }
  Place place;
  place.kind = Place::Kind::kExact;
  place.slot = slot;
  return place;
}

InvalidationTable::Place InvalidationTable::RecordBan(const Event& event, Position position,
                                                      Nanos now) {
  Ban ban;
  const auto same = std::find_if(bans_.begin(), bans_.end(), [&event](const Ban& candidate) {
    return candidate.pattern == event.pattern;
  });
  if (same != bans_.end()) {
    ban = *same;
    bans_.erase(same);
  } else if (bans_.size() >= limits_.patterns && !EvictBan()) {
    floor_cause_ = "too many unconfirmed patterns";
    return RecordFloor(event.doors, position);
  }
  ban.pattern = event.pattern;
  Touch(ban.record, event, position, now);
  bans_.push_back(std::move(ban));
  Place place;
  place.kind = Place::Kind::kBan;
  place.pattern = event.pattern;
  return place;
}

InvalidationTable::Place InvalidationTable::RecordFloor(DoorSet doors, Position position) {
  Place place;
  place.doors = doors;
  ForEachRecord(
      place, [position](Record& record) { record.position = std::max(record.position, position); });
  return place;
}

void InvalidationTable::ForEachRecord(const Place& place,
                                      const std::function<void(Record&)>& visit) {
  switch (place.kind) {
    case Place::Kind::kExact: {
      const auto found = exact_.find(place.slot);
      if (found != exact_.end()) visit(found->second);
      return;
    }
    case Place::Kind::kBan:
      for (Ban& ban : bans_) {
        if (ban.pattern == place.pattern) visit(ban.record);
      }
      return;
    case Place::Kind::kFloor:
      for (std::size_t i = 0; i < kDoors; ++i) {
        if (place.doors.Has(static_cast<Door>(i))) visit(floors_[i]);
      }
      return;
  }
}

void InvalidationTable::AddPending(const Place& place) {
  ForEachRecord(place, [](Record& record) { ++record.pending; });
}

void InvalidationTable::Settle(const Place& place, Position position) {
  ForEachRecord(place, [position](Record& record) {
    record.position = std::max(record.position, position);
    if (record.pending > 0) --record.pending;
  });
}

void InvalidationTable::Confirm(const Tickets& tickets, Position position) {
  const std::lock_guard lock(mutex_);
  Changed();
  position_ = std::max(position_, position);
  for (auto next = pending_.lower_bound(tickets.first);
       next != pending_.end() && next->first <= tickets.last;) {
    Settle(next->second, position);
    next = pending_.erase(next);
  }
  if (overflow_first_ == 0 || tickets.last < overflow_first_) return;
  Place floors;
  floors.doors = DoorSet::All();
  std::uint64_t count = tickets.last - std::max(tickets.first, overflow_first_) + 1;
  for (count = std::min(count, overflow_left_); count > 0; --count) {
    Settle(floors, position);
    --overflow_left_;
  }
  if (overflow_left_ == 0) overflow_first_ = 0;
}

// The oldest slot goes; one that waits for the log may not, so it counts as young again.
bool InvalidationTable::EvictExact() {
  for (std::size_t tries = ages_.size(); tries > 0; --tries) {
    const Age age = ages_.front();
    ages_.pop_front();
    const auto found = exact_.find(age.slot);
    if (found == exact_.end() || found->second.sequence != age.sequence) continue;
    if (found->second.pending > 0) {
      ages_.push_back(age);
      continue;
    }
    LiftFloor(found->second.doors, found->second.position, "too many keys and tags");
    exact_.erase(found);
    return true;
  }
  return false;
}

bool InvalidationTable::EvictBan() {
  for (auto ban = bans_.begin(); ban != bans_.end(); ++ban) {
    if (ban->record.pending > 0) continue;
    LiftFloor(ban->record.doors, ban->record.position, "too many patterns");
    bans_.erase(ban);
    return true;
  }
  return false;
}

void InvalidationTable::LiftFloor(DoorSet doors, Position position, std::string_view cause) {
  RecordFloor(doors, position);
  floor_cause_ = cause;
}

void InvalidationTable::RaiseFloor(Position position, std::string_view cause) {
  const std::lock_guard lock(mutex_);
  Changed();
  position_ = std::max(position_, position);
  LiftFloor(DoorSet::All(), position, cause);
}

void InvalidationTable::UseLog() {
  const std::lock_guard lock(mutex_);
  has_log_ = true;
  state_ = CacheState::kRecovering;
  NewEpoch();
}

std::uint64_t InvalidationTable::Leave(CacheState state) {
  const std::lock_guard lock(mutex_);
  if (state_ == CacheState::kRedis) {
    // What counted as +infinity gets the counter's next number.
    ++position_;
    for (const auto& [ticket, place] : pending_) {
      ForEachRecord(place, [this](Record& record) { record.position = position_; });
    }
    if (overflow_left_ > 0) RecordFloor(DoorSet::All(), position_);
  }
  state_ = state;
  return NewEpoch();
}

std::uint64_t InvalidationTable::Recover(const Recovery& recovery) {
  const std::lock_guard lock(mutex_);
  if (recovery.new_log) ResetRecords(recovery.floor);
  for (Record& floor : floors_) floor.position = std::max(floor.position, recovery.floor);
  position_ = recovery.position;
  state_ = CacheState::kRedis;
  return NewEpoch();
}

// Positions of another log mean nothing any more. What that log has not confirmed stays, and gets
// its position from the new one.
void InvalidationTable::ResetRecords(Position floor) {
  std::erase_if(exact_, [](const auto& slot) { return slot.second.pending == 0; });
  std::erase_if(bans_, [](const Ban& ban) { return ban.record.pending == 0; });
  for (auto& [slot, record] : exact_) record.position = 0;
  for (Ban& ban : bans_) ban.record.position = 0;
  for (Record& record : floors_) record.position = floor;
}

std::uint64_t InvalidationTable::NewEpoch() {
  Changed();
  return epoch_.fetch_add(1, std::memory_order_acq_rel) + 1;
}

bool InvalidationTable::IsOver(const Record& record, Nanos now) const {
  return record.pending == 0 && now - record.at > limits_.record_age;
}

void InvalidationTable::Forget(Nanos now) {
  const std::lock_guard lock(mutex_);
  while (!ages_.empty()) {
    const Age age = ages_.front();
    const auto found = exact_.find(age.slot);
    const bool current = found != exact_.end() && found->second.sequence == age.sequence;
    if (current && !IsOver(found->second, now)) break;
    if (current) exact_.erase(found);
    ages_.pop_front();
  }
  while (!bans_.empty() && IsOver(bans_.front().record, now)) bans_.pop_front();
}

std::size_t InvalidationTable::pending() const {
  const std::shared_lock lock(mutex_);
  return pending_.size() + overflow_left_;
}

bool InvalidationTable::IsPending(std::uint64_t ticket) const {
  const std::shared_lock lock(mutex_);
  return pending_.contains(ticket) || (overflow_first_ != 0 && ticket >= overflow_first_);
}

std::size_t InvalidationTable::patterns() const {
  const std::shared_lock lock(mutex_);
  return bans_.size();
}

std::size_t InvalidationTable::exact() const {
  const std::shared_lock lock(mutex_);
  return exact_.size();
}

Position InvalidationTable::position() const {
  const std::shared_lock lock(mutex_);
  return position_;
}

std::string InvalidationTable::floor_cause() const {
  const std::shared_lock lock(mutex_);
  return floor_cause_;
}

bool InvalidationTable::Names(const Event& event, const Entry& entry) {
  if (!event.doors.Has(entry.door)) return false;
  switch (event.kind) {
    case EventKind::kKey:
      return entry.name_hash == event.hash;
    case EventKind::kTag:
    case EventKind::kTable:
      return std::find(entry.tag_hashes.begin(), entry.tag_hashes.end(), event.hash) !=
             entry.tag_hashes.end();
    case EventKind::kPattern:
      return GlobMatches(event.pattern, entry.name);
    case EventKind::kAll:
    case EventKind::kFloor:
      break;
  }
  return true;
}

}  // namespace pgsidecar::cache
