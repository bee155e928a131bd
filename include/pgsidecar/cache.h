#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgsidecar {

struct CacheOptions {
  std::size_t max_bytes = std::size_t{64} << 20U;       ///< Memory for all entries.
  std::size_t max_entry_bytes = std::size_t{1} << 20U;  ///< Larger values are not kept.
  std::chrono::nanoseconds max_ttl = std::chrono::hours(24);
  /// Upper bound of the TTL of negative results; 0 keeps none.
  std::chrono::nanoseconds negative_ttl = std::chrono::seconds(30);
  /// How long past its TTL an entry may answer while it is being renewed.
  std::chrono::nanoseconds stale_while_revalidate = {};
  /// How long past its TTL an entry may stand in when the fetch gets no answer.
  std::chrono::nanoseconds stale_if_error = std::chrono::seconds(60);
  double beta = 1;  ///< Weight of early refresh; 0 is off.
  std::string name_space = "default";
  /// 32 bytes or more, the same on all instances, or empty.
  std::string secret = {};
  /// redis://, rediss:// or unix://; empty keeps everything in memory.
  std::string redis_url = {};
};

struct CachedValue {
  std::string value = {};
  std::chrono::nanoseconds age = {};
  bool from_redis = false;
};

/// What the function of CachedQuery brings. `negative`: there is nothing (no rows, not found);
/// that is a value too, but lives `negative_ttl` at most.
struct Fetched {
  std::string value = {};
  bool negative = false;

  Fetched() = default;
  Fetched(std::string bytes, bool is_negative = false)  // NOLINT(google-explicit-constructor)
      : value(std::move(bytes)), negative(is_negative) {}
};

/// To be thrown by the function of CachedQuery when the origin gave no answer (unreachable, timed
/// out): a stale entry may stand in then. Every other exception goes to the caller as it is.
class OriginUnavailable : public std::exception {
 public:
  explicit OriginUnavailable(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

struct InvalidateResult {
  std::size_t memory = 0;      ///< Entries that left the memory of this process.
  bool redis_pending = false;  ///< Redis could not be told yet; it will be.
};

/// Bytes under names, in memory and, when configured, in a Redis shared with other instances.
/// Thread-safe. Calls may block for the time Redis is given (100 ms), so they are not for event
/// loops. A store that fails is never the caller's error: a read becomes a miss, a write is
/// dropped, and both are counted.
///
/// Names are up to 2 KiB of any bytes; a longer one is never cached. Patterns are globs: `*` any
/// run of bytes, `?` one byte, `[a-z]` and `[!a-z]` a class, `\` escapes. Without a wildcard a
/// pattern is exactly one name.
class Cache {
 public:
  static constexpr std::chrono::seconds kDefaultTtl{300};

  /// Throws std::invalid_argument when the options make no sense.
  explicit Cache(const CacheOptions& options = {});
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  /// A live entry, or nothing.
  std::optional<CachedValue> Get(std::string_view key);
  /// Keeps `value`. False when it was not: too large, a name too long, a store that failed.
  /// Throws std::invalid_argument for a ttl not above 0, more than 16 tags or one over 256 bytes.
  bool Set(std::string_view key, std::string value, std::chrono::nanoseconds ttl = kDefaultTtl,
           std::vector<std::string> tags = {});

  /// A live entry for `key`, else what one run of `fn` brings, stored for `ttl` and shared with
  /// every concurrent caller. What `fn` throws goes to the caller unchanged and is never stored.
  /// `fn` may run on a thread of the cache, when a stale entry is renewed in the background; what
  /// it refers to has to live as long as the cache. Throws as Set.
  CachedValue CachedQuery(std::string_view key, const std::function<Fetched()>& fn,
                          std::chrono::nanoseconds ttl = kDefaultTtl,
                          const std::vector<std::string>& tags = {});

  /// Drops every entry whose name matches. Throws std::invalid_argument for a pattern that is
  /// empty, longer than 256 bytes or has a class that does not end.
  InvalidateResult Invalidate(std::string_view pattern);
  InvalidateResult ClearCache(std::string_view pattern) { return Invalidate(pattern); }
  /// Drops everything.
  InvalidateResult ClearCache();
  /// Drops every entry that carries one of the tags.
  InvalidateResult InvalidateTags(const std::vector<std::string>& tags);

  struct Impl;
  /// For modules of pgsidecar, which bring a cache of their own (cache/facade.h).
  explicit Cache(std::unique_ptr<Impl> impl);
  Impl& impl() const { return *impl_; }

 private:
  const std::unique_ptr<Impl> impl_;
};

}  // namespace pgsidecar
