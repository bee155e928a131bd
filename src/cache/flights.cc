#include "cache/flights.h"

namespace pgsidecar::cache {

Flights::Role Flights::Join(Waiter& waiter, Nanos now) {
  const std::lock_guard lock(mutex_);
  const EntryKey key = waiter.request.key;
  if (IsUnshared(key, now)) return Role::kUnshared;
  const auto [flight, is_new] = flights_.try_emplace(key);
  if (is_new) return Role::kLeader;
  std::list<Waiter>& waiters = flight->second.waiters;
  if (waiter.deadline <= now || waiters.size() >= limits_.waiters_per_key ||
      by_id_.size() >= limits_.waiters) {
    return Role::kAlone;
  }
  if (waiter.id == 0) waiter.id = next_id_++;
  const auto place = waiters.insert(waiters.end(), std::move(waiter));
  place->KeepName();
  by_id_.emplace(place->id, std::pair(key, place));
  by_deadline_.emplace(place->deadline, place->id);
  waiter.id = place->id;
  return Role::kWaiter;
}

bool Flights::StartRefresh(const EntryKey& key, bool background) {
  const std::lock_guard lock(mutex_);
  if (background && background_ >= limits_.background) return false;
  const auto [flight, is_new] = flights_.try_emplace(key);
  if (!is_new) return false;
  flight->second.background = background;
  if (background) ++background_;
  return true;
}

Waiter Flights::Take(Flight& flight, std::list<Waiter>::iterator waiter) {
  Waiter taken = std::move(*waiter);
  by_id_.erase(taken.id);
  by_deadline_.erase({taken.deadline, taken.id});
  flight.waiters.erase(waiter);
  return taken;
}

std::vector<Waiter> Flights::TakeAllOf(Flight& flight) {
  std::vector<Waiter> taken;
  taken.reserve(flight.waiters.size());
  while (!flight.waiters.empty()) taken.push_back(Take(flight, flight.waiters.begin()));
  return taken;
}

void Flights::EndBackground(Flight& flight) {
  if (flight.background) --background_;
  flight.background = false;
}

void Flights::Erase(Map::iterator flight) {
  EndBackground(flight->second);
  flights_.erase(flight);
}

void Flights::Promote(Map::iterator flight, std::vector<Waiter>& to) {
  if (flight->second.waiters.empty()) return Erase(flight);
  EndBackground(flight->second);
  to.push_back(Take(flight->second, flight->second.waiters.begin()));
}

std::vector<Waiter> Flights::Land(const EntryKey& key) {
  const std::lock_guard lock(mutex_);
  const auto flight = flights_.find(key);
  if (flight == flights_.end()) return {};
  std::vector<Waiter> waiters = TakeAllOf(flight->second);
  Erase(flight);
  return waiters;
}

Flights::Split Flights::LandLate(const EntryKey& key, std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  Split split;
  const auto flight = flights_.find(key);
  if (flight == flights_.end()) return split;
  std::list<Waiter>& waiters = flight->second.waiters;
  for (auto waiter = waiters.begin(); waiter != waiters.end();) {
    const auto next = std::next(waiter);
    if (waiter->sequence <= sequence) split.served.push_back(Take(flight->second, waiter));
    waiter = next;
  }
  Promote(flight, split.promoted);
  return split;
}

Flights::Split Flights::Abort(const EntryKey& key, bool failed) {
  const std::lock_guard lock(mutex_);
  Split split;
  const auto flight = flights_.find(key);
  if (flight == flights_.end()) return split;
  if (failed && ++flight->second.failures >= 2) {
    split.served = TakeAllOf(flight->second);
    Erase(flight);
  } else {
    Promote(flight, split.promoted);
  }
  return split;
}

WaitId Flights::BeginAsking() {
  const std::lock_guard lock(mutex_);
  asking_.insert(next_id_);
  return next_id_++;
}

bool Flights::EndAsking(WaitId id) {
  const std::lock_guard lock(mutex_);
  return asking_.erase(id) > 0;
}

std::vector<Waiter> Flights::TakeOverdue(Nanos now) {
  const std::lock_guard lock(mutex_);
  std::vector<Waiter> overdue;
  while (!by_deadline_.empty() && by_deadline_.begin()->first <= now) {
    const auto [key, waiter] = by_id_.at(by_deadline_.begin()->second);
    overdue.push_back(Take(flights_.at(key), waiter));
  }
  return overdue;
}

bool Flights::Cancel(WaitId id) {
  Waiter withdrawn;  // What its callback holds is let go of without the lock.
  const std::lock_guard lock(mutex_);
  if (asking_.erase(id) > 0) return true;
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return false;
  const auto [key, waiter] = found->second;
  withdrawn = Take(flights_.at(key), waiter);
  return true;
}

std::vector<Waiter> Flights::TakeAll() {
  const std::lock_guard lock(mutex_);
  std::vector<Waiter> all;
  for (auto& [key, flight] : flights_) {
    while (!flight.waiters.empty()) all.push_back(Take(flight, flight.waiters.begin()));
  }
  return all;
}

Nanos Flights::next_deadline() const {
  const std::lock_guard lock(mutex_);
  return by_deadline_.empty() ? 0 : by_deadline_.begin()->first;
}

bool Flights::IsUnshared(const EntryKey& key, Nanos now) {
  while (!unshared_order_.empty() && unshared_order_.front().second <= now) {
    const auto found = unshared_.find(unshared_order_.front().first);
    if (found != unshared_.end() && found->second <= now) unshared_.erase(found);
    unshared_order_.pop_front();
  }
  return unshared_.contains(key);
}

void Flights::MarkUnshared(const EntryKey& key, Nanos now) {
  const std::lock_guard lock(mutex_);
  const Nanos until = now + limits_.unshared_for;
  unshared_[key] = until;
  unshared_order_.emplace_back(key, until);
  while (unshared_order_.size() > limits_.unshared) {
    const auto found = unshared_.find(unshared_order_.front().first);
    const Nanos oldest = unshared_order_.front().second;
    if (found != unshared_.end() && found->second == oldest) unshared_.erase(found);
    unshared_order_.pop_front();
  }
}

void Flights::ClearUnshared(const EntryKey& key) {
  const std::lock_guard lock(mutex_);
  unshared_.erase(key);
}

bool Flights::Awaited(const EntryKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto flight = flights_.find(key);
  return flight != flights_.end() && !flight->second.waiters.empty();
}

std::size_t Flights::waiters() const {
  const std::lock_guard lock(mutex_);
  return by_id_.size();
}

std::size_t Flights::fetches() const {
  const std::lock_guard lock(mutex_);
  return flights_.size();
}

}  // namespace pgsidecar::cache
