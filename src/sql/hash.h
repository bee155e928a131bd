#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace pgsidecar::sql {

__extension__ using Wide = unsigned __int128;

/// One step of the shape hash: both halves of a 64 x 64 bit product. Unkeyed on purpose: a shape is
/// the same number on every instance and after every restart.
constexpr std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a ^ 0x8f1d3a6c5be29471U) * (b ^ 0xd46ea1c72f90b35dU);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

/// Hash of a run of bytes that may arrive one at a time: eight bytes are gathered, then mixed.
class ByteHash {
 public:
  explicit constexpr ByteHash(std::uint64_t seed = 0) : hash_(seed) {}

  constexpr void Add(std::uint8_t byte) {
    gathered_ = gathered_ << 8U | byte;
    ++length_;
    if ((length_ & 7U) == 0) hash_ = Mix(hash_, gathered_);
  }
  constexpr std::uint64_t length() const { return length_; }
  constexpr std::uint64_t Finish() const { return Mix(hash_ + length_, gathered_); }

 private:
  std::uint64_t hash_;
  std::uint64_t gathered_ = 0;
  std::uint64_t length_ = 0;
};

constexpr std::uint64_t HashOf(std::string_view text, std::uint64_t seed = 0) {
  ByteHash hash(seed);
  for (const char c : text) hash.Add(static_cast<std::uint8_t>(c));
  return hash.Finish();
}

}  // namespace pgsidecar::sql
