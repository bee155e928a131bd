#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cache/door.h"
#include "cache/keys.h"

namespace pgsidecar::cache {

inline constexpr std::size_t kNameBytesMax = 2048;
inline constexpr std::size_t kTagsMax = 16;
inline constexpr std::size_t kTagBytesMax = 256;
/// Charged to an entry for what surrounds its bytes.
inline constexpr std::size_t kEntryOverheadBytes = 128;

/// Moments of the log of invalidations: a number that only grows.
using Position = std::uint64_t;

enum EntryFlags : std::uint32_t {
  kNegative = 1U << 0U,  ///< An empty result, a 404: lives `negative_ttl` at most.
  kDoorFlags = 16,       ///< From this bit on flags belong to the door.
};

/// How long an entry is good, each counted from `stored_at`. All are final: shortened at random and
/// capped already.
struct Lifetime {
  Nanos ttl = 0;                     ///< Fresh until then.
  Nanos stale_while_revalidate = 0;  ///< May answer so much longer while being refreshed.
  Nanos stale_if_error = 0;          ///< May answer so much longer when the origin fails.

  Nanos hard_ttl() const {
    return ttl +
           (stale_while_revalidate > stale_if_error ? stale_while_revalidate : stale_if_error);
  }
};

/// How far an entry was checked against invalidations: the sequence of the newest event it was
/// found to survive. A copy of an entry was not checked yet. Thread-safe.
class CheckMark {
 public:
  CheckMark() = default;
  CheckMark(const CheckMark&) {}
  CheckMark& operator=(const CheckMark&) { return *this; }

  std::uint64_t get() const { return sequence_.load(std::memory_order_relaxed); }
  void set(std::uint64_t sequence) { sequence_.store(sequence, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> sequence_ = 0;
};

/// One cached answer. Never changed once it is shared.
struct Entry {
  EntryKey key = {};
  Door door = Door::kQuery;
  std::uint32_t flags = 0;
  std::string name = {};  ///< For people and patterns; at most kNameBytesMax.
  std::vector<std::string> tags = {};
  std::string head = {};  ///< What the door wants apart: RowDescription, a response head.
  std::string body = {};

  Position position = 0;  ///< Under which the fetch started.
  Nanos fill_cost = 0;    ///< How long the fetch took.
  Nanos stored_at = 0;    ///< Clock::Now of this process.
  Lifetime lifetime = {};

  /// Hashes of name and tags under the KeySpace; set by KeySpace users, see SetHashes.
  std::uint64_t name_hash = 0;
  std::vector<std::uint64_t> tag_hashes = {};
  mutable CheckMark checked = {};

  void SetHashes(const KeySpace& keys);
  std::size_t charge_bytes() const;
};

/// Owned by the stores that keep it and by every reader in flight.
using EntryPtr = std::shared_ptr<const Entry>;

}  // namespace pgsidecar::cache
