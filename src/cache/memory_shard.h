#pragma once

#include <deque>
#include <list>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "cache/memory_store.h"

namespace pgsidecar::cache {

/// One S3-FIFO under one lock (Yang et al., FIFO queues are all you need for cache eviction, SOSP
/// 2023), by bytes.
class MemoryStore::Shard {
 public:
  Shard(std::size_t max_bytes, const Clock& clock, Books& books, Evicted evicted);

  EntryPtr Find(const EntryKey& key);
  bool Insert(const EntryPtr& entry);
  bool Remove(const Entry& entry, Eviction reason);
  void Unlink(const EntryKey& key);
  void Clear(Eviction reason);
  std::size_t size();
  /// Judges up to `count` entries, those first that waited longest for it. Returns how many, at
  /// least 1.
  std::size_t WalkSlice(std::size_t count, const std::function<Verdict(const Entry&)>& judge);

 private:
  struct Node;
  using Queue = std::list<Node>;
  struct Node {
    EntryPtr entry = {};
    std::size_t charge = 0;
    std::uint8_t uses = 0;  // Up to 3.
    bool in_main = false;
    std::list<Queue::iterator>::iterator walk = {};
  };
  struct KeyHash {
    // Keys are hashes already, under a secret.
    std::size_t operator()(const EntryKey& key) const { return key.low; }
  };

  // All below: with mutex_ held.
  void Replace(Queue::iterator node, const EntryPtr& entry);
  /// `node` by value: where the caller found it goes as well.
  void Drop(Queue::iterator node, Eviction reason);
  void MakeRoom();
  void EvictFromSmall();
  void EvictFromMain();
  void Remember(const EntryKey& key);
  bool Expired(const Entry& entry) const;
  void Book(const Entry& entry, std::size_t charge, bool in);
  std::size_t& BytesOf(const Node& node) { return node.in_main ? main_bytes_ : small_bytes_; }

  const std::size_t max_bytes_;
  const Clock& clock_;
  Books& books_;
  const Evicted evicted_;

  std::mutex mutex_;
  // Guarded by mutex_. Queues run from the oldest at the front to the newest at the back.
  Queue small_;
  Queue main_;
  std::size_t small_bytes_ = 0;
  std::size_t main_bytes_ = 0;
  std::unordered_map<EntryKey, Queue::iterator, KeyHash> index_;
  /// Keys that left the small queue a short while ago, oldest first. A key that came back is only
  /// taken out of the set.
  std::deque<EntryKey> ghosts_;
  std::unordered_set<EntryKey, KeyHash> ghost_set_;
  std::list<Queue::iterator> walk_;  // All nodes, the one judged longest ago first.
};

}  // namespace pgsidecar::cache
