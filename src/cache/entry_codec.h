#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cache/entry.h"
#include "cache/keys.h"

namespace pgsidecar::cache {

/// The serialised form of an entry, for stores outside of the process: magic and version, fixed
/// fields, lengths, bytes, SipHash-128 of it all. Little-endian.
inline constexpr std::uint8_t kEntryVersion = 1;

/// `stored_at_unix_ms`: when, in the time of the store (Redis TIME), since no two hosts' clocks are
/// compared.
std::string EncodeEntry(const Entry& entry, std::int64_t stored_at_unix_ms, const KeySpace& keys);

struct DecodedEntry {
  Entry entry = {};  ///< Hashes set; `stored_at` 0: the store translates its own time.
  std::int64_t stored_at_unix_ms = 0;
};

/// Anything else than what EncodeEntry wrote for this key under this KeySpace is an error: damage,
/// truncation, another version, another key's value.
Result<DecodedEntry> DecodeEntry(std::string_view bytes, const EntryKey& key, const KeySpace& keys);

}  // namespace pgsidecar::cache
