#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pgsidecar::cache {

/// 128 bits of a keyed hash, as the paper's byte string read in two little-endian halves.
struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  bool operator==(const Hash128&) const = default;
};

/// Key of SipHash: 16 bytes.
struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

/// SipHash-2-4 (Aumasson, Bernstein: SipHash, a fast short-input PRF), fed in pieces.
class SipHasher {
 public:
  enum class Width : std::uint8_t { k64, k128 };

  explicit SipHasher(const SipKey& key, Width width = Width::k128);

  void Add(std::string_view bytes);
  /// Length first (64 bits), then the bytes: fields cannot run into each other.
  void AddField(std::string_view bytes);
  void AddNumber(std::uint64_t number);

  /// Ends the hash. For k64 only `low` is set.
  Hash128 Finish();

 private:
  void Compress(std::uint64_t word);

  const Width width_;
  std::array<std::uint64_t, 4> v_;
  std::uint64_t gathered_ = 0;
  std::uint64_t length_ = 0;
};

std::uint64_t SipHash64(const SipKey& key, std::string_view bytes);
Hash128 SipHash128(const SipKey& key, std::string_view bytes);

}  // namespace pgsidecar::cache
