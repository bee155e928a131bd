#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pgsidecar::cache {

/// What a Redis URL may look like, for error messages and the reference of the configuration.
inline constexpr std::string_view kRedisUrlAllowed =
    "redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE], the same with rediss:// for TLS, "
    "unix:///PATH[?db=DATABASE], or nothing";

/// Where Redis is and as whom to log in.
struct RedisUrl {
  std::string host;  ///< Name or address, without brackets; empty for a Unix socket.
  std::uint16_t port = 6379;
  std::string socket_path;  ///< Of a Unix socket; else empty.
  bool tls = false;
  std::string user;      ///< Empty: the default user.
  std::string password;  ///< Empty: none. Never to be logged.
  int database = 0;

  bool is_unix() const { return !socket_path.empty(); }
  /// `db:6379`, `[::1]:6379`, `/run/redis.sock`: what a log line may say.
  std::string Address() const;
};

/// Reads a URL. Parts of user and password are percent-decoded. The error shows the URL without
/// what could be a password, and what is allowed.
Result<RedisUrl> ParseRedisUrl(std::string_view text);

/// `text` with everything that may be user or password replaced by `***`, however malformed.
std::string MaskRedisUrl(std::string_view text);

}  // namespace pgsidecar::cache
