#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "cache/store.h"

namespace pgsidecar::cache {

/// Label `reason` of pgsidecar_cache_evictions_total.
enum class Eviction : std::uint8_t { kSize, kExpired, kInvalidated, kReplaced };
inline constexpr std::array<std::string_view, 4> kEvictionNames = {"size", "expired", "invalidated",
                                                                   "replaced"};

struct MemoryLimits {
  std::size_t max_bytes = 0;
  std::size_t max_entry_bytes = 0;  ///< Of head and body; an eighth of a shard at most.
};

/// Entries of this process, in eight shards of their own lock, each an S3-FIFO by bytes: new keys
/// pass a small queue (10 %), and only what is asked for again there, or comes back soon after it
/// left, enters the main queue. So a scan of cold keys evicts nothing that is in use. Thread-safe;
/// a lock is held for a probe and a pointer copy, in Walk for a slice of entries.
class MemoryStore final : public Store {
 public:
  static constexpr std::size_t kShards = 8;
  static constexpr std::size_t kSlice = 1000;

  /// `evicted` is told of every entry that leaves, with a shard's lock held: count, do not call
  /// back. `clock` outlives the store.
  using Evicted = std::function<void(Door, Eviction)>;
  MemoryStore(const MemoryLimits& limits, const Clock& clock, Evicted evicted);
  ~MemoryStore() override;

  StoreKind kind() const override { return StoreKind::kMemory; }
  void Get(const EntryKey& key, Nanos deadline, GetDone done) override;
  void Put(EntryPtr entry, std::uint64_t epoch, PutDone done) override;
  void Unlink(const EntryKey& key) override;

  /// The entry, whatever its age; null when there is none. Counts as a use of it.
  EntryPtr Find(const EntryKey& key);
  /// False: too large.
  bool Insert(const EntryPtr& entry);
  /// Removes `entry` if it is still what is held under its key.
  bool Remove(const Entry& entry, Eviction reason);
  void Clear(Eviction reason);

  enum class Verdict : std::uint8_t { kKeep, kExpired, kInvalidated };
  /// Asks about every entry once, a slice per lock, and removes accordingly. Entries that come or
  /// go meanwhile may be left out. One walk at a time.
  void Walk(const std::function<Verdict(const Entry&)>& judge);

  bool Fits(std::size_t value_bytes) const { return value_bytes <= max_entry_bytes_; }
  std::size_t max_bytes() const { return max_bytes_; }
  std::size_t entries(Door door) const;
  std::size_t bytes(Door door) const;

 private:
  class Shard;
  struct Books {
    std::array<std::atomic<std::size_t>, kDoors> entries = {};
    std::array<std::atomic<std::size_t>, kDoors> bytes = {};
  };

  Shard& ShardOf(const EntryKey& key) { return *shards_[key.high % kShards]; }

  const std::size_t max_bytes_;
  const std::size_t max_entry_bytes_;
  Books books_;
  std::array<std::unique_ptr<Shard>, kShards> shards_;
};

}  // namespace pgsidecar::cache
