#include "cache/memory_shard.h"

#include <algorithm>
#include <utility>

namespace pgsidecar::cache {
namespace {

constexpr std::size_t kSmallShare = 10;  // The small queue is a tenth.
constexpr std::uint8_t kUsesMax = 3;     // A counter of two bits.
constexpr std::uint8_t kUsesToStay = 2;  // Hits that move a key from small to main.
constexpr std::size_t kGhostsMin = 64;

}  // namespace

MemoryStore::Shard::Shard(std::size_t max_bytes, const Clock& clock, Books& books, Evicted evicted)
    : max_bytes_(max_bytes), clock_(clock), books_(books), evicted_(std::move(evicted)) {
  // Short chains: what a hit costs is the memory it touches for the first time.
  index_.max_load_factor(0.5F);
}

EntryPtr MemoryStore::Shard::Find(const EntryKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  Node& node = *found->second;
  if (node.uses < kUsesMax) ++node.uses;
  return node.entry;
}

bool MemoryStore::Shard::Insert(const EntryPtr& entry) {
  const std::size_t charge = entry->charge_bytes();
  if (charge > max_bytes_) return false;
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(entry->key);
  if (found != index_.end()) {
    Replace(found->second, entry);
  } else {
    const bool returned = ghost_set_.erase(entry->key) > 0;
    Queue& queue = returned ? main_ : small_;
    queue.push_back({entry, charge, 0, returned, {}});
    const auto node = std::prev(queue.end());
    node->walk = walk_.insert(walk_.end(), node);
    index_.emplace(entry->key, node);
    BytesOf(*node) += charge;
    Book(*entry, charge, true);
  }
  MakeRoom();
  return true;
}

void MemoryStore::Shard::Replace(Queue::iterator node, const EntryPtr& entry) {
  const std::size_t charge = entry->charge_bytes();
  const Entry& old = *node->entry;
  Book(old, node->charge, false);
  if (evicted_) evicted_(old.door, Expired(old) ? Eviction::kExpired : Eviction::kReplaced);
  BytesOf(*node) += charge - node->charge;
  node->charge = charge;
  node->entry = entry;
  Book(*entry, charge, true);
}

bool MemoryStore::Shard::Remove(const Entry& entry, Eviction reason) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(entry.key);
  if (found == index_.end() || found->second->entry.get() != &entry) return false;
  Drop(found->second, reason);
  return true;
}

void MemoryStore::Shard::Unlink(const EntryKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found != index_.end()) Drop(found->second, Eviction::kInvalidated);
}

void MemoryStore::Shard::Clear(Eviction reason) {
  const std::lock_guard lock(mutex_);
  while (!walk_.empty()) Drop(walk_.front(), reason);
}

std::size_t MemoryStore::Shard::size() {
  const std::lock_guard lock(mutex_);
  return index_.size();
}

std::size_t MemoryStore::Shard::WalkSlice(std::size_t count,
                                          const std::function<Verdict(const Entry&)>& judge) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < count && !walk_.empty(); ++i) {
    const Queue::iterator node = walk_.front();
    switch (judge(*node->entry)) {
      case Verdict::kKeep:
        walk_.splice(walk_.end(), walk_, walk_.begin());
        break;
      case Verdict::kExpired:
        Drop(node, Eviction::kExpired);
        break;
      case Verdict::kInvalidated:
        Drop(node, Eviction::kInvalidated);
        break;
    }
  }
  return count;
}

void MemoryStore::Shard::Drop(Queue::iterator node, Eviction reason) {
  const EntryPtr entry = std::move(node->entry);
  Book(*entry, node->charge, false);
  BytesOf(*node) -= node->charge;
  walk_.erase(node->walk);
  index_.erase(entry->key);
  (node->in_main ? main_ : small_).erase(node);
  if (evicted_) evicted_(entry->door, reason);
}

void MemoryStore::Shard::MakeRoom() {
  while (small_bytes_ + main_bytes_ > max_bytes_) {
    if (main_.empty() || (!small_.empty() && small_bytes_ > max_bytes_ / kSmallShare)) {
      EvictFromSmall();
    } else {
      EvictFromMain();
    }
  }
}

void MemoryStore::Shard::EvictFromSmall() {
  const auto node = small_.begin();
  if (Expired(*node->entry)) return Drop(node, Eviction::kExpired);
  if (node->uses < kUsesToStay) {
    Remember(node->entry->key);
    return Drop(node, Eviction::kSize);
  }
  small_bytes_ -= node->charge;
  main_bytes_ += node->charge;
  node->uses = 0;
  node->in_main = true;
  main_.splice(main_.end(), small_, node);
}

void MemoryStore::Shard::EvictFromMain() {
  const auto node = main_.begin();
  if (Expired(*node->entry)) return Drop(node, Eviction::kExpired);
  if (node->uses == 0) return Drop(node, Eviction::kSize);
  --node->uses;
  main_.splice(main_.end(), main_, node);
}

void MemoryStore::Shard::Remember(const EntryKey& key) {
  if (!ghost_set_.insert(key).second) return;
  ghosts_.push_back(key);
  const std::size_t limit = std::max(main_.size(), kGhostsMin);
  while (ghosts_.size() > limit) {
    ghost_set_.erase(ghosts_.front());
    ghosts_.pop_front();
  }
}

bool MemoryStore::Shard::Expired(const Entry& entry) const {
  return clock_.Now() - entry.stored_at >= entry.lifetime.hard_ttl();
}

void MemoryStore::Shard::Book(const Entry& entry, std::size_t charge, bool in) {
  const auto door = static_cast<std::size_t>(entry.door);
  // Unsigned: taking away is adding the complement.
  books_.entries[door].fetch_add(in ? 1 : ~std::size_t{0}, std::memory_order_relaxed);
  books_.bytes[door].fetch_add(in ? charge : ~charge + 1, std::memory_order_relaxed);
}

}  // namespace pgsidecar::cache
