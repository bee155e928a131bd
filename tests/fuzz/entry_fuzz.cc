// The codec of cache entries: what is accepted reads back as it was written; the input is also
// tried with a right checksum, as a peer without a secret could write it.
#include <algorithm>
#include <string>

#include "cache/entry_codec.h"
#include "fuzz/require.h"

namespace {

using namespace pgsidecar;         // NOLINT
using namespace pgsidecar::cache;  // NOLINT

void Check(std::string_view bytes, const KeySpace& keys) {
  // The key is at a fixed place: behind magic, version, door and flags.
  EntryKey key;
  if (bytes.size() >= 26) {
    std::copy_n(bytes.data() + 10, 8, reinterpret_cast<char*>(&key.low));
    std::copy_n(bytes.data() + 18, 8, reinterpret_cast<char*>(&key.high));
  }
  const auto decoded = DecodeEntry(bytes, key, keys);
  if (!decoded.ok()) return;
  const Entry& entry = decoded.value().entry;
  fuzz::Require(entry.name.size() <= kNameBytesMax && entry.tags.size() <= kTagsMax);
  fuzz::Require(entry.lifetime.hard_ttl() >= 0);
  fuzz::Require(EncodeEntry(entry, decoded.value().stored_at_unix_ms, keys) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const KeySpace keys("", "default");
  const std::string_view text = fuzz::Text(data, size);
  Check(text, keys);
  std::string sealed(text);
  const Hash128 checksum = keys.Checksum(text);
  sealed.append(reinterpret_cast<const char*>(&checksum.low), 8);
  sealed.append(reinterpret_cast<const char*>(&checksum.high), 8);
  Check(sealed, keys);
  return 0;
}
