#include "cache/entry.h"

namespace pgsidecar::cache {

void Entry::SetHashes(const KeySpace& keys) {
  name_hash = keys.NameHash(name);
  tag_hashes.clear();
  tag_hashes.reserve(tags.size());
  for (const std::string& tag : tags) tag_hashes.push_back(keys.TagHash(tag));
}

std::size_t Entry::charge_bytes() const {
  std::size_t bytes = kEntryOverheadBytes + name.size() + head.size() + body.size();
  for (const std::string& tag : tags) bytes += tag.size() + sizeof(std::string);
  return bytes;
}

}  // namespace pgsidecar::cache
