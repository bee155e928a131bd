#include "cache/redis_keys.h"

namespace pgsidecar::cache {
namespace {

constexpr std::size_t kRunDigits = 8;

}  // namespace

RedisKeys::RedisKeys(std::string_view prefix, std::string_view name_space) {
  entries_.append(prefix).append(name_space).append(".");
  const std::string control = "{" + std::string(prefix) + std::string(name_space) + "}";
  log_ = control + ".log";
  generation_ = control + ".gen";
}

std::string RedisKeys::Entry(std::string_view run_id, std::int64_t generation,
                             const EntryKey& key) const {
  std::string name = entries_;
  name.append(run_id.substr(0, kRunDigits)).append(".").append(std::to_string(generation));
  return name.append(".").append(Hex(key));
}

}  // namespace pgsidecar::cache
