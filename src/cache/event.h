#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "cache/door.h"

namespace pgsidecar::cache {

/// Label `kind` of pgsidecar_cache_invalidations_total.
enum class EventKind : std::uint8_t { kKey, kPattern, kTag, kTable, kAll, kFloor };

inline constexpr std::array<std::string_view, 6> kEventKindNames = {"key",   "pattern", "tag",
                                                                    "table", "all",     "floor"};

/// One invalidation. Of names only patterns travel; keys and tags are hashes.
struct Event {
  EventKind kind = EventKind::kKey;
  DoorSet doors = DoorSet::All();
  std::uint64_t hash = 0;    ///< kKey: KeySpace::NameHash. kTag, kTable: KeySpace::TagHash.
  std::string pattern = {};  ///< kPattern: a valid glob.

  bool operator==(const Event&) const = default;
};

}  // namespace pgsidecar::cache
