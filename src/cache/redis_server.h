#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cache/redis_failure.h"
#include "net/socket.h"

namespace pgsidecar::cache {

/// What INFO and TIME tell about a server.
struct RedisServer {
  std::string run_id;    ///< 40 hexadecimal digits; another one after each start.
  std::string software;  ///< `Redis 7.0.15`, `Valkey 8.0.1`.
  int major = 0;
  bool cluster = false;
  /// What to add to the monotonic clock to get the server's Unix time.
  Nanos clock_offset = 0;
};

/// Reads the reply of `INFO server`. The error names what is missing.
Result<RedisServer> ParseServerInfo(std::string_view text);

/// The oldest version that is used: streams came with it.
inline constexpr int kRedisMajorMin = 5;

/// The addresses a host name had last, so that not each connection needs a look-up. Loop thread
/// only.
class RedisAddressBook {
 public:
  static constexpr Nanos kFresh = 30 * kNanosPerSecond;

  /// Empty if there are none that are still fresh.
  std::vector<net::SocketAddress> Get(Nanos now) const {
    return now < until_ ? addresses_ : std::vector<net::SocketAddress>();
  }
  void Keep(const std::vector<net::SocketAddress>& addresses, Nanos now) {
    addresses_ = addresses;
    until_ = now + kFresh;
  }
  /// None of them answered: look up again.
  void Forget() { until_ = 0; }

 private:
  std::vector<net::SocketAddress> addresses_;
  Nanos until_ = 0;
};

}  // namespace pgsidecar::cache
