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

/// Eight bytes at once, the first one lowest.
class EightBytes {
 public:
  explicit constexpr EightBytes(std::uint64_t bytes) : bytes_(bytes) {}
  /// Those at `p`; zeros from `end` on.
  static EightBytes Load(const std::uint8_t* p, const std::uint8_t* end) {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t bytes = 0;
    if (end - p >= 8) {
      std::memcpy(&bytes, p, 8);  // A single load.
    } else {
      std::memcpy(&bytes, p, static_cast<std::size_t>(end - p));
    }
    return EightBytes(bytes);
  }

  constexpr std::uint64_t value() const { return bytes_; }
  constexpr EightBytes First(std::size_t count) const {
    return EightBytes(count < 8 ? bytes_ & ((std::uint64_t{1} << 8U * count) - 1) : bytes_);
  }
  /// With ASCII upper case folded.
  constexpr EightBytes Folded() const { return EightBytes(bytes_ | In('A', 'Z') >> 2U); }

 private:
  static constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101U;
  static constexpr std::uint64_t kHigh = 0x8080'8080'8080'8080U;

  /// The high bit of each byte that is ASCII and from `first` to `last`.
  constexpr std::uint64_t In(std::uint8_t first, std::uint8_t last) const {
    const std::uint64_t low = bytes_ & ~kHigh;
    const std::uint64_t from_first = low + kOnes * (0x80U - first);
    const std::uint64_t past_last = low + kOnes * (0x7fU - last);
    return from_first & ~past_last & ~bytes_ & kHigh;
  }

  std::uint64_t bytes_;
};

/// The hash of the bytes from `p` to `stop`, as ByteHash gives it for them, folded or as they are.
/// `end`: up to where memory may be read; at least `stop`.
template <bool kFold>
std::uint64_t HashRun(const std::uint8_t* p, const std::uint8_t* stop, const std::uint8_t* end,
                      std::uint64_t seed = 0) {
  std::uint64_t hash = seed;
  const auto length = static_cast<std::uint64_t>(stop - p);
  for (;; p += 8) {
    EightBytes bytes = EightBytes::Load(p, end);
    if (kFold) bytes = bytes.Folded();
    const auto left = static_cast<std::size_t>(stop - p);
    if (left < 8) return Mix(hash + length, bytes.First(left).value());
    hash = Mix(hash, bytes.value());
  }
}

constexpr std::uint64_t HashOf(std::string_view text, std::uint64_t seed = 0) {
  ByteHash hash(seed);
  for (const char c : text) hash.Add(static_cast<std::uint8_t>(c));
  return hash.Finish();
}

}  // namespace pgsidecar::sql
