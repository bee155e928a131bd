#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cache/redis_connection.h"
#include "cache/redis_keys.h"
#include "cache/redis_log.h"
#include "cache/redis_publisher.h"

namespace pgsidecar::cache {

/// The way from `recovering` to `redis`: (1) read the generation, (2) append what is pending to the
/// log, (3) read the log to its end. What was filled before an outage and invalidated during it
/// is dead once that is done. Loop thread only.
class RedisRecovery {
 public:
  struct Context {
    const Clock& clock;
    const RedisKeys& keys;
    RedisPublisher& publisher;
    RedisLog& log;
    RedisConnection& write;
    RedisConnection& read_log;
    std::function<void(std::int64_t)> on_generation;
  };
  /// Null: all is done, and nothing was pending a moment ago. Else why it is not.
  using Done = std::function<void(const RedisAnswer*)>;

  explicit RedisRecovery(Context context) : context_(std::move(context)) {}

  struct From {
    Nanos clock_offset = 0;  ///< As the server told it.
    Position highest = 0;    ///< Position that may have been given to anything so far.
  };
  /// Requires: both connections are ready.
  void Start(const From& from, Done done);
  void Stop();

 private:
  using Then = std::function<void(const RedisAnswer&)>;

  void Send(RedisConnection::Arguments arguments, Then then);
  /// Appends a mark, so that there is a log, and it goes on above all positions known here.
  void Mark(const std::string& id, int attempts_left);
  void OnMarked(const RedisAnswer& answer, int attempts_left);
  void ReadGeneration();
  void Publish();
  void ReadLog();
  /// A log that begins with our mark is a new one. If there was a generation, there was a log: its
  /// entries must not be read, for no event that kills them will come.
  void OnLogRead();
  void Finish(const RedisAnswer* failure);

  const Context context_;
  Position highest_ = 0;
  LogId mark_;
  bool had_generation_ = false;
  Done done_;
  std::uint64_t life_ = 0;
};

}  // namespace pgsidecar::cache
