#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pgsidecar::cache {

/// Who keeps entries here. The doors share stores, clock and invalidation, never entries: the door
/// is part of every key. Statements, operations and library calls are one door.
enum class Door : std::uint8_t { kQuery, kHttp };

inline constexpr std::array<std::string_view, 2> kDoorNames = {"query", "http"};
inline constexpr std::size_t kDoors = kDoorNames.size();

constexpr std::string_view Name(Door door) { return kDoorNames[static_cast<std::size_t>(door)]; }

/// Which doors an invalidation reaches.
class DoorSet {
 public:
  constexpr DoorSet() = default;
  constexpr DoorSet(Door door)  // NOLINT(google-explicit-constructor)
      : bits_(static_cast<std::uint8_t>(1U << static_cast<unsigned>(door))) {}
  static constexpr DoorSet All() { return FromBits(3); }
  static constexpr DoorSet FromBits(std::uint8_t bits) {
    DoorSet set;
    set.bits_ = bits & 3U;
    return set;
  }

  constexpr bool Has(Door door) const { return (bits_ >> static_cast<unsigned>(door) & 1U) != 0; }
  constexpr std::uint8_t bits() const { return bits_; }
  constexpr bool operator==(const DoorSet&) const = default;

 private:
  std::uint8_t bits_ = 0;
};

}  // namespace pgsidecar::cache
