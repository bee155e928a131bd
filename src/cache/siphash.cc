#include "cache/siphash.h"

#include <bit>
#include <cstring>

namespace pgsidecar::cache {
namespace {

static_assert(std::endian::native == std::endian::little);

void Round(std::array<std::uint64_t, 4>& v) {
  v[0] += v[1];
  v[1] = std::rotl(v[1], 13) ^ v[0];
  v[0] = std::rotl(v[0], 32);
  v[2] += v[3];
  v[3] = std::rotl(v[3], 16) ^ v[2];
  v[0] += v[3];
  v[3] = std::rotl(v[3], 21) ^ v[0];
  v[2] += v[1];
  v[1] = std::rotl(v[1], 17) ^ v[2];
  v[2] = std::rotl(v[2], 32);
}

std::uint64_t Final(std::array<std::uint64_t, 4>& v) {
  for (int i = 0; i < 4; ++i) Round(v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

}  // namespace

SipHasher::SipHasher(const SipKey& key, Width width)
    : width_(width),
      v_{key.k0 ^ 0x736f6d6570736575U, key.k1 ^ 0x646f72616e646f6dU, key.k0 ^ 0x6c7967656e657261U,
         key.k1 ^ 0x7465646279746573U} {
  if (width_ == Width::k128) v_[1] ^= 0xee;
}

void SipHasher::Compress(std::uint64_t word) {
  v_[3] ^= word;
  Round(v_);
  Round(v_);
  v_[0] ^= word;
}

void SipHasher::Add(std::string_view bytes) {
  const char* p = bytes.data();
  std::size_t left = bytes.size();
  while (left > 0) {
    const std::size_t have = length_ & 7U;
    if (have == 0 && left >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, p, 8);
      Compress(word);
      p += 8;
      left -= 8;
      length_ += 8;
      continue;
    }
    gathered_ |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(*p)) << 8U * have;
    ++p;
    --left;
    ++length_;
    if ((length_ & 7U) == 0) {
      Compress(gathered_);
      gathered_ = 0;
    }
  }
}

void SipHasher::AddNumber(std::uint64_t number) {
  std::array<char, 8> bytes = {};
  std::memcpy(bytes.data(), &number, bytes.size());
  Add({bytes.data(), bytes.size()});
}

void SipHasher::AddField(std::string_view bytes) {
  AddNumber(bytes.size());
  Add(bytes);
}

Hash128 SipHasher::Finish() {
  Compress(gathered_ | (length_ & 0xffU) << 56U);
  Hash128 hash;
  if (width_ == Width::k64) {
    v_[2] ^= 0xff;
    hash.low = Final(v_);
    return hash;
  }
  v_[2] ^= 0xee;
  hash.low = Final(v_);
  v_[1] ^= 0xdd;
  hash.high = Final(v_);
  return hash;
}

std::uint64_t SipHash64(const SipKey& key, std::string_view bytes) {
  SipHasher hasher(key, SipHasher::Width::k64);
  hasher.Add(bytes);
  return hasher.Finish().low;
}

Hash128 SipHash128(const SipKey& key, std::string_view bytes) {
  SipHasher hasher(key);
  hasher.Add(bytes);
  return hasher.Finish();
}

}  // namespace pgsidecar::cache
