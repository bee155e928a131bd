#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cache/log_event.h"
#include "cache/redis_connection.h"
#include "cache/redis_keys.h"
#include "cache/store.h"

namespace pgsidecar::cache {

/// Reads the invalidation log over one connection: to its end after a recovery, then as it grows.
/// Loop thread only.
class RedisLog {
 public:
  /// How long an XREAD waits for something new. Each round also checks that the log is still the
  /// one that was read, and which generation the namespace has.
  static constexpr std::chrono::milliseconds kBlock{500};
  /// What the log may be silent for before Redis is given up.
  static constexpr Nanos kSilenceMax = 2 * kNanosPerSecond;

  enum class End : std::uint8_t {
    kDone,    ///< ReadToEnd: the end is reached.
    kBroken,  ///< Follow: the log or the generation was replaced.
    kFailed,  ///< A command was refused. Of a lost connection only its handler is told.
  };
  using Done = std::function<void(End, const RedisAnswer*)>;

  struct Context {
    const Clock& clock;
    const RedisKeys& keys;
    std::function<void(std::int64_t)> on_generation;
    std::function<void(double)> on_lag;  ///< Seconds that an event was old when it was applied.
  };

  explicit RedisLog(Context context) : context_(std::move(context)) {}

  /// Who learns of events. Before all else.
  void set_sink(RemoteSink& sink) { sink_ = &sink; }

  /// Reads all there is. Where the log does not go on from what was read last, there is a floor.
  /// Requires: connection.ready().
  void ReadToEnd(RedisConnection& connection, Done done);
  /// Reads on until something fails or Stop. `done` is called then, not after Stop.
  void Follow(RedisConnection& connection, Done done);
  /// Forgets what is being done.
  void Stop() { ++life_; }

  /// The newest entry that was read.
  const std::optional<LogId>& last() const { return last_; }
  /// The oldest that ReadToEnd found, if what was read before is not there any more.
  const std::optional<LogId>& first() const { return first_; }
  Nanos heard() const { return heard_; }  ///< When the log said something last, or nothing new.
  void set_clock_offset(Nanos offset) { clock_offset_ = offset; }

 private:
  using Then = std::function<void(const RedisAnswer&)>;

  void Send(RedisConnection::Arguments arguments, Then then,
            std::chrono::nanoseconds wait = std::chrono::nanoseconds(0));
  void CheckLast();
  void ReadFirst();
  void ReadMore();
  void FollowRound();
  void OnRound(const RedisAnswer& answer);
  void Apply(const std::vector<LogEntry>& entries);
  void Finish(End end, const RedisAnswer* answer);

  const Context context_;
  RemoteSink* sink_ = nullptr;
  RedisConnection* connection_ = nullptr;
  Done done_;
  std::uint64_t life_ = 0;
  std::optional<LogId> first_;
  std::optional<LogId> last_;
  Nanos heard_ = 0;
  Nanos clock_offset_ = 0;
};

}  // namespace pgsidecar::cache
