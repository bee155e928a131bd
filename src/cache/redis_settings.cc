#include "cache/redis_settings.h"

#include <utility>

#include "base/units.h"
#include "net/tls_context.h"

namespace pgsidecar::cache {
namespace {

/// What surrounds the bytes of an entry when it is serialised: name, tags, numbers.
constexpr std::size_t kEnvelopeBytes = std::size_t{16} << 10U;

Result<std::shared_ptr<const net::TlsContext>> MakeTls(const RedisOptions& options) {
  const std::string root = options.ca_file.empty() ? "system" : options.ca_file;
  return net::TlsContext::ForClient({.verify = net::TlsVerify::kFull,
                                     .root_file = root,
                                     .cert_file = options.cert_file,
                                     .key_file = options.key_file,
                                     .alpn = ""});
}

/// What the keys beside the URL say wins over it.
void Complete(RedisUrl& url, const RedisOptions& options) {
  if (options.database != 0) url.database = options.database;
  if (!options.user.empty()) url.user = options.user;
  if (!options.password.empty()) url.password = options.password;
}

}  // namespace

Result<RedisSettings> MakeRedisSettings(const Options& options) {
  const RedisOptions& redis = options.redis;
  Result<RedisUrl> url = ParseRedisUrl(redis.url);
  if (!url.ok()) return url.error();
  RedisSettings settings;
  settings.target.url = std::move(url).value();
  Complete(settings.target.url, redis);
  if (!settings.target.url.user.empty() && settings.target.url.password.empty()) {
    return Error{"user '" + settings.target.url.user +
                 "' has no password; allowed: a user with cache.redis.password_file"};
  }
  if (settings.target.url.tls) {
    auto tls = MakeTls(redis);
    if (!tls.ok()) return tls.error();
    settings.target.tls = std::move(tls).value();
  } else if (!redis.ca_file.empty() || !redis.cert_file.empty() || !redis.key_file.empty()) {
    return Error{"'" + MaskRedisUrl(redis.url) +
                 "' is without TLS, but certificates are set; allowed: rediss://..."};
  }
  if (redis.soft_timeout > redis.hard_timeout) {
    return Error{"cache.redis.soft_timeout '" + FormatDuration(redis.soft_timeout) +
                 "' is above cache.redis.hard_timeout; allowed: at most " +
                 FormatDuration(redis.hard_timeout)};
  }
  settings.target.connect_timeout = redis.connect_timeout;
  settings.target.hard_timeout = redis.hard_timeout;
  settings.target.limits.bulk_bytes = options.max_entry_bytes + kEnvelopeBytes;
  settings.prefix = redis.prefix;
  settings.name_space = options.name_space;
  settings.soft_timeout = redis.soft_timeout;
  return settings;
}

}  // namespace pgsidecar::cache
