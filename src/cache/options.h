#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace pgsidecar::cache {

/// `cache.redis.`: where the shared store is and how long it may take. An empty url: memory only.
struct RedisOptions {
  std::string url = {};
  int database = 0;
  std::string prefix = "pgsc.";
  std::string user = {};
  /// The password itself; it comes from a file or the environment, never from argv.
  std::string password = {};
  std::string ca_file = {};
  std::string cert_file = {};
  std::string key_file = {};
  std::chrono::nanoseconds connect_timeout = std::chrono::milliseconds(200);
  /// After this the caller goes on with the memory copy or a miss.
  std::chrono::nanoseconds soft_timeout = std::chrono::milliseconds(20);
  /// After this the connection is closed.
  std::chrono::nanoseconds hard_timeout = std::chrono::milliseconds(100);
  /// Above 0, memory is asked first for an entry at most that old.
  std::chrono::nanoseconds near_ttl = {};
  /// How long memory copies live on once Redis is out of reach.
  std::chrono::nanoseconds fallback_max_ttl = std::chrono::seconds(30);
};

/// `cache.`: what holds for all doors.
struct Options {
  /// Over all doors, charged as name + value + tags + 128 bytes.
  std::size_t max_bytes = std::size_t{64} << 20U;
  /// Never above an eighth of a shard's share of max_bytes.
  std::size_t max_entry_bytes = std::size_t{1} << 20U;
  std::chrono::nanoseconds default_ttl = std::chrono::seconds(300);
  /// No entry and no record of an invalidation lives longer.
  std::chrono::nanoseconds max_ttl = std::chrono::hours(24);
  /// Upper bound for negative results; 0 stores none.
  std::chrono::nanoseconds negative_ttl = std::chrono::seconds(30);
  std::chrono::nanoseconds stale_while_revalidate = {};
  std::chrono::nanoseconds stale_if_error = std::chrono::seconds(60);
  /// Weight of early refresh; 0 is off.
  double beta = 1;
  std::string name_space = "default";
  /// Content of `secret_file`: at least 32 bytes, or empty for none.
  std::string secret = {};
  /// Whether the HTTP front is there: its series exist from the start then.
  bool http_door = false;
  RedisOptions redis = {};
};

}  // namespace pgsidecar::cache
