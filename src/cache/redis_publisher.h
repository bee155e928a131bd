#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/clock.h"
#include "cache/log_event.h"
#include "cache/pending_events.h"
#include "cache/redis_connection.h"
#include "cache/redis_keys.h"
#include "cache/store.h"
#include "net/event_loop.h"

namespace pgsidecar::cache {

/// Brings pending events to the log, over the connection for writes. Loop thread only.
class RedisPublisher {
 public:
  /// Commands of ours that may be in flight at a time: the others on the connection are entries.
  static constexpr std::size_t kInFlightMax = 256;
  /// Events are trimmed once there are about that many.
  static constexpr std::string_view kLogLength = "100000";

  struct Context {
    net::EventLoop& loop;
    const RedisKeys& keys;
    PendingEvents& pending;
    RedisConnection& connection;
    /// Each answer, to be judged by the breaker, and how long it took.
    std::function<void(const RedisAnswer&, Nanos)> on_answer;
    std::function<void(std::int64_t)> on_generation;
  };

  explicit RedisPublisher(Context context);

  /// Who learns of confirmations. Before all else.
  void set_sink(RemoteSink& sink) { sink_ = &sink; }

  /// From now on sends what is pending and what will be. `on_paid` is called once, when the log has
  /// all that is owed to it; maybe at once.
  void Start(std::function<void()> on_paid);
  /// Sends nothing more. What is in flight comes back when the connection answers or ends.
  void Stop();
  /// The highest position that was confirmed.
  Position highest() const { return highest_; }

  /// There is something new. Does nothing unless started.
  void Flush();

 private:
  void SendEvent(PendingEvent event);
  void OnLogged(const PendingEvent& event, const RedisAnswer& answer, Nanos sent);
  void SendClear();
  void RetryLater();

  const Context context_;
  RemoteSink* sink_ = nullptr;
  net::Timer timer_;
  bool started_ = false;
  Position highest_ = 0;
  std::function<void()> on_paid_;
};

/// What is to be appended to the log.
struct LogAppend {
  const std::string& log;
  const LogFields& fields;
  std::string_view id = "*";  ///< `*`: of the server's choice.
};

/// False if the queue is full.
bool AppendToLog(RedisConnection& connection, const LogAppend& entry,
                 RedisConnection::Callback callback);

}  // namespace pgsidecar::cache
