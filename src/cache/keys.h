#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "cache/door.h"
#include "cache/siphash.h"

namespace pgsidecar::cache {

/// What a machine finds an entry by.
using EntryKey = Hash128;

/// 32 lower-case hex digits, as in the keys of Redis.
std::string Hex(const EntryKey& key);

/// Composes keys under the deployment's secret, so that nobody who lacks it can make two names
/// collide. All sidecars of a deployment have to agree on secret and namespace. Thread-safe.
class KeySpace {
 public:
  /// `secret`: the content of cache.secret_file, or empty.
  KeySpace(std::string_view secret, std::string_view name_space);

  /// `fields` in the order the door defines; lengths go in with them.
  EntryKey Key(Door door, std::initializer_list<std::string_view> fields) const;
  /// What an exact invalidation names: an entry's name, or a tag.
  std::uint64_t NameHash(std::string_view name) const;
  std::uint64_t TagHash(std::string_view tag) const;

  /// Checksum of a stored entry; with a secret nobody else can forge it.
  Hash128 Checksum(std::string_view bytes) const;
  bool has_secret() const { return has_secret_; }

 private:
  const bool has_secret_;
  const SipKey entries_;
  const SipKey names_;
  const SipKey tags_;
  const SipKey checksums_;
  const std::string name_space_;
};

}  // namespace pgsidecar::cache
