#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pgsidecar::sql {

__extension__ using Wide = unsigned __int128;

/// One step of the shape hash: both halves of a 64 x 64 bit product. Unkeyed on purpose: a shape is
/// the same number on every instance and after every restart.
constexpr std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a ^ 0x8f1d3a6c5be29471U) * (b ^ 0xd46ea1c72f90b35dU);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

/// Hash of a run of bytes that may arrive one at a time: eight bytes are gathered, the first one
/// lowest, then mixed.
class ByteHash {
 public:
  explicit constexpr ByteHash(std::uint64_t seed = 0) : hash_(seed) {}

  constexpr void Add(std::uint8_t byte) {
    gathered_ |= static_cast<std::uint64_t>(byte) << 8U * (length_ & 7U);
    ++length_;
    if ((length_ & 7U) != 0) return;
    hash_ = Mix(hash_, gathered_);
    gathered_ = 0;
  }
  constexpr std::uint64_t Finish() const { return Mix(hash_ + length_, gathered_); }
  constexpr std::uint64_t length() const { return length_; }

 private:
  std::uint64_t hash_;
  std::uint64_t gathered_ = 0;
  std::uint64_t length_ = 0;
};

/// Eight bytes with ASCII upper case folded, all at once.
constexpr std::uint64_t FoldEight(std::uint64_t bytes) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101U;
  constexpr std::uint64_t kHigh = 0x8080'8080'8080'8080U;
  const std::uint64_t low = bytes & ~kHigh;
  // The high bit of a byte of `from_a` tells that it is at least `A`, of `past_z` that it is more
  // than `Z`. Bytes that are not ASCII stay.
  const std::uint64_t from_a = low + kOnes * (0x80 - 'A');
  const std::uint64_t past_z = low + kOnes * (0x80 - 'Z' - 1);
  return bytes | ((from_a & ~past_z & ~bytes & kHigh) >> 2U);
}

/// The hash of the bytes from `p` to `end`, as ByteHash gives it. `limit`: up to where memory may
/// be read; at least `end`.
template <bool kFold>
std::uint64_t HashRun(const std::uint8_t* p, const std::uint8_t* end, const std::uint8_t* limit,
                      std::uint64_t seed = 0) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t hash = seed;
  auto left = static_cast<std::uint64_t>(end - p);
  const std::uint64_t length = left;
  for (;; p += 8, left -= 8) {
    std::uint64_t eight = 0;
    if (limit - p >= 8) {
      std::memcpy(&eight, p, 8);
      if (left < 8) eight &= (std::uint64_t{1} << 8U * left) - 1;
    } else {
      std::memcpy(&eight, p, left < 8 ? left : 8);
    }
    if (kFold) eight = FoldEight(eight);
    if (left < 8) return Mix(hash + length, eight);
    hash = Mix(hash, eight);
  }
}

constexpr std::uint64_t HashOf(std::string_view text, std::uint64_t seed = 0) {
  ByteHash hash(seed);
  for (const char c : text) hash.Add(static_cast<std::uint8_t>(c));
  return hash.Finish();
}

}  // namespace pgsidecar::sql
