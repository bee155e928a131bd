#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cache/keys.h"

namespace pgsidecar::cache {

/// The names of what lies in Redis. Only the two control keys carry a hash tag, so that in a
/// cluster they stay together and entries spread.
class RedisKeys {
 public:
  /// Requires: neither part holds `{`, `}` or a control character.
  RedisKeys(std::string_view prefix, std::string_view name_space);

  const std::string& log() const { return log_; }
  const std::string& generation() const { return generation_; }
  /// `<prefix><namespace>.<run8>.<generation>.<32 hex>`: of a server that was restarted, restored
  /// or failed over, and of a cleared namespace, no old key is ever asked for again.
  std::string Entry(std::string_view run_id, std::int64_t generation, const EntryKey& key) const;

 private:
  std::string entries_;
  std::string log_;
  std::string generation_;
};

}  // namespace pgsidecar::cache
