// Invalidation, here and by others, and the changes of state that come with a shared store.
#include <utility>

#include "cache/core_impl.h"

namespace pgsidecar::cache {

Invalidated Core::Impl::Invalidate(const Event& event) {
  instruments_.CountInvalidation(event.doors, event.kind);
  const std::uint64_t ticket = table_.Apply(event, clock_.Now());
  sweep_wanted_.store(true, std::memory_order_release);
  Invalidated result;
  RemoteStore* redis = redis_.load(std::memory_order_acquire);
  if (ticket == 0 || redis == nullptr) return result;
  redis->Publish(event, ticket);
  result.pending = table_.IsPending(ticket);
  result.ticket = ticket;
  return result;
}

Invalidated Core::Impl::Purge(const Event& event) {
  const std::lock_guard walk(walk_mutex_);
  const Nanos start = clock_.Now();
  Invalidated result = Invalidate(event);
  memory_.Walk([this, &event, &result, start](const Entry& entry) {
    const MemoryStore::Verdict verdict = JudgeForWalk(entry, start);
    if (verdict == MemoryStore::Verdict::kInvalidated && InvalidationTable::Names(event, entry)) {
      ++result.memory;
    }
    return verdict;
  });
  instruments_.memory_invalidate.Observe(ToSeconds(clock_.Now() - start));
  if (!result.pending) return result;
  std::unique_lock lock(confirm_mutex_);
  confirmed_.wait_for(lock, options_.redis.hard_timeout, [this, &result] {
    return !table_.IsPending(result.ticket) ||
           state_.load(std::memory_order_acquire) != CacheState::kRedis;
  });
  result.pending = table_.IsPending(result.ticket);
  return result;
}

MemoryStore::Verdict Core::Impl::JudgeForWalk(const Entry& entry, Nanos now) const {
  if (table_.IsDead(entry)) return MemoryStore::Verdict::kInvalidated;
  return IsOver(entry, now) ? MemoryStore::Verdict::kExpired : MemoryStore::Verdict::kKeep;
}

void Core::Impl::Sweep() {
  const std::lock_guard walk(walk_mutex_);
  sweep_wanted_.store(false, std::memory_order_release);
  const Nanos now = clock_.Now();
  table_.Forget(now);
  memory_.Walk([this, now](const Entry& entry) { return JudgeForWalk(entry, now); });
}

void Core::Impl::Enter(CacheState state) {
  const CacheState before = state_.exchange(state, std::memory_order_acq_rel);
  if (before == state) return;
  instruments_.CountState(state);
  confirmed_.notify_all();
}

std::uint64_t Core::Impl::OnState(CacheState state) {
  if (state_.load(std::memory_order_acquire) == CacheState::kRedis) {
    left_redis_at_.store(clock_.Now(), std::memory_order_release);
  }
  const std::uint64_t epoch = table_.Leave(state);
  Enter(state);
  return epoch;
}

std::uint64_t Core::Impl::OnRecovered(const Recovery& recovery) {
  // In this order: a fill of the old epoch either finds the new one or is emptied out, and reads go
  // to Redis only when memory is empty.
  const std::uint64_t epoch = table_.Recover(recovery);
  memory_.Clear(Eviction::kInvalidated);
  Enter(CacheState::kRedis);
  return epoch;
}

void Core::Impl::OnEvent(const Event& event, Position position) {
  table_.ApplyAt(event, position, clock_.Now());
  sweep_wanted_.store(true, std::memory_order_release);
}

void Core::Impl::OnConfirmed(const Tickets& tickets, Position position) {
  table_.Confirm(tickets, position);
  { const std::lock_guard lock(confirm_mutex_); }
  confirmed_.notify_all();
}

void Core::Impl::RaiseFloor(Position position, std::string_view cause) {
  instruments_.CountInvalidation(DoorSet::All(), EventKind::kFloor);
  table_.RaiseFloor(position, cause);
  sweep_wanted_.store(true, std::memory_order_release);
}

}  // namespace pgsidecar::cache
