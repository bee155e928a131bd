#include "cache/keys.h"

#include <array>
#include <cstring>

namespace pgsidecar::cache {
namespace {

/// Part of every key, so that a change of what keys are made of is a cold cache.
constexpr std::uint64_t kFormatVersion = 1;

/// A key for one use. The head of the secret keys a hash of the use and the rest of the secret, so
/// what is learned of one use tells nothing about another. Without a secret the keys are public.
SipKey Derive(std::string_view secret, std::string_view use) {
  std::array<char, 16> head = {};
  const std::size_t length = secret.size() < head.size() ? secret.size() : head.size();
  std::memcpy(head.data(), secret.data(), length);
  SipKey key;
  std::memcpy(&key.k0, head.data(), 8);
  std::memcpy(&key.k1, head.data() + 8, 8);
  SipHasher hasher(key);
  hasher.AddField(use);
  hasher.AddField(secret.substr(length));
  const Hash128 hash = hasher.Finish();
  return {hash.low, hash.high};
}

void AppendHex(std::string& text, std::uint64_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) text.push_back(kDigits[number >> shift & 0xfU]);
}

}  // namespace

std::string Hex(const EntryKey& key) {
  std::string text;
  text.reserve(32);
  AppendHex(text, key.high);
  AppendHex(text, key.low);
  return text;
}

KeySpace::KeySpace(std::string_view secret, std::string_view name_space)
    : has_secret_(!secret.empty()),
      entries_(Derive(secret, "entry")),
      names_(Derive(secret, "name")),
      tags_(Derive(secret, "tag")),
      checksums_(Derive(secret, "checksum")),
      name_space_(name_space) {}

EntryKey KeySpace::Key(Door door, std::initializer_list<std::string_view> fields) const {
  SipHasher hasher(entries_);
  hasher.AddNumber(kFormatVersion);
  hasher.AddNumber(static_cast<std::uint64_t>(door));
  hasher.AddField(name_space_);
  for (const std::string_view field : fields) hasher.AddField(field);
  return hasher.Finish();
}

std::uint64_t KeySpace::NameHash(std::string_view name) const { return SipHash64(names_, name); }

std::uint64_t KeySpace::TagHash(std::string_view tag) const { return SipHash64(tags_, tag); }

Hash128 KeySpace::Checksum(std::string_view bytes) const { return SipHash128(checksums_, bytes); }

}  // namespace pgsidecar::cache
