#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "cache/options.h"
#include "cache/redis_connection.h"

namespace pgsidecar::cache {

/// `cache.redis.` made ready for use: URL read, certificates loaded.
struct RedisSettings {
  RedisTarget target = {};
  std::string prefix = {};
  std::string name_space = {};
  std::chrono::nanoseconds soft_timeout = {};
};

/// The error names the value (never a password) and what is allowed; it is one of
/// `cache.redis.url` or names another key.
Result<RedisSettings> MakeRedisSettings(const Options& options);

}  // namespace pgsidecar::cache
