#include "cache/memory_store.h"

#include <algorithm>
#include <utility>

#include "cache/memory_shard.h"

namespace pgsidecar::cache {

MemoryStore::MemoryStore(const MemoryLimits& limits, const Clock& clock, Evicted evicted)
    : max_bytes_(limits.max_bytes),
      max_entry_bytes_(std::min(limits.max_entry_bytes, limits.max_bytes / kShards / 8)) {
  for (std::unique_ptr<Shard>& shard : shards_) {
    shard = std::make_unique<Shard>(max_bytes_ / kShards, clock, books_, evicted);
  }
}

MemoryStore::~MemoryStore() = default;

void MemoryStore::Get(const EntryKey& key, Nanos /*deadline*/, GetDone done) {
  EntryPtr entry = Find(key);
  const GetOutcome outcome = entry ? GetOutcome::kFound : GetOutcome::kAbsent;
  done(outcome, std::move(entry));
}

void MemoryStore::Put(EntryPtr entry, std::uint64_t /*epoch*/, PutDone done) {
  const bool written = Insert(entry);
  if (done) done(written);
}

void MemoryStore::Unlink(const EntryKey& key) { ShardOf(key).Unlink(key); }

EntryPtr MemoryStore::Find(const EntryKey& key) { return ShardOf(key).Find(key); }

bool MemoryStore::Insert(const EntryPtr& entry) {
  if (!Fits(entry->head.size() + entry->body.size())) return false;
  return ShardOf(entry->key).Insert(entry);
}

bool MemoryStore::Remove(const Entry& entry, Eviction reason) {
  return ShardOf(entry.key).Remove(entry, reason);
}

void MemoryStore::Clear(Eviction reason) {
  for (const std::unique_ptr<Shard>& shard : shards_) shard->Clear(reason);
}

void MemoryStore::Walk(const std::function<Verdict(const Entry&)>& judge) {
  for (const std::unique_ptr<Shard>& shard : shards_) {
    std::size_t left = shard->size();
    while (left > 0) left -= std::min(left, shard->WalkSlice(std::min(left, kSlice), judge));
  }
}

std::size_t MemoryStore::entries(Door door) const {
  return books_.entries[static_cast<std::size_t>(door)].load(std::memory_order_relaxed);
}

std::size_t MemoryStore::bytes(Door door) const {
  return books_.bytes[static_cast<std::size_t>(door)].load(std::memory_order_relaxed);
}

}  // namespace pgsidecar::cache
