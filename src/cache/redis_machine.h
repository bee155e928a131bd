#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "cache/pending_events.h"
#include "cache/redis_books.h"
#include "cache/redis_breaker.h"
#include "cache/redis_connection.h"
#include "cache/redis_keys.h"
#include "cache/redis_log.h"
#include "cache/redis_publisher.h"
#include "cache/redis_recovery.h"
#include "cache/redis_settings.h"
#include "cache/store.h"

namespace pgsidecar::cache {

/// The way between `redis`, `memory` and `recovering`: three connections, for reads, for writes and
/// for the log, the breaker, and the queue of events. Loop thread only.
class RedisMachine {
 public:
  struct Context {
    net::EventLoop& loop;
    net::Resolver& resolver;
    RedisBooks& books;
    /// To be added to the monotonic clock to get Redis' Unix time; for other threads too.
    std::atomic<Nanos>& clock_offset;
  };

  RedisMachine(const Context& context, const RedisSettings& settings);

  /// Enters `recovering`. `sink` lives until Stop.
  void Start(RemoteSink& sink);
  /// Ends all connections; what is in flight fails. Nothing is told to the sink any more.
  void Stop();

  /// Tells the log, now or later.
  void Publish(const Event& event, std::uint64_t ticket);

  /// The connection for reads, or null while Redis is not to be asked. Its answers go to Judge.
  RedisConnection* reads() { return Usable(read_); }
  RedisConnection* writes() { return Usable(write_); }
  /// Counts an answer that came; gives Redis up if it has to.
  void Judge(const RedisAnswer& answer);
  /// Of the state, as the sink numbers them.
  std::uint64_t epoch() const { return epoch_; }
  std::string EntryName(const EntryKey& key) const {
    return keys_.Entry(run_id_, generation_, key);
  }

 private:
  enum class Role : std::uint8_t { kRead, kWrite, kLog };
  struct Link final : RedisConnectionHandler {
    Link(RedisMachine& owner, Role of);
    void OnRedisReady(const RedisServer& told) override { machine.OnReady(*this, told); }
    void OnRedisClosed(RedisFailure failure, const std::string& text) override {
      machine.OnClosed(*this, failure, text);
    }
    RedisMachine& machine;
    const Role role;
    RedisServer server;
    RedisConnection connection;
    net::Timer reconnect;
  };

  RedisLog::Context LogContext();
  RedisPublisher::Context PublisherContext();
  RedisRecovery::Context RecoveryContext();

  void OnReady(Link& link, const RedisServer& server);
  void OnClosed(Link& link, RedisFailure failure, const std::string& text);
  void Attempt();
  void Recover();
  /// Another server answers: everything anew.
  void Restart();
  void OnRecovered(const RedisAnswer* failure);
  void EnterRedis();
  /// Gives Redis up for now.
  void EnterMemory(RedisFailure failure, const std::string& text);
  void EnterRecovering();
  void StopLinks();
  void FollowLog();
  void OnLogEnd(RedisLog::End end, const RedisAnswer* answer);
  void Watch();
  void AskTime();
  void SetClockOffset(Nanos offset);
  void Count(RedisFailure failure, const std::string& text);
  void Say(const std::string& text);
  Position HighestPosition() const;
  RedisConnection* Usable(Link& link) {
    return state_ == CacheState::kRedis && link.connection.ready() ? &link.connection : nullptr;
  }

  const Context context_;
  const RedisSettings settings_;
  const RedisKeys keys_;
  RemoteSink* sink_ = nullptr;
  RedisAddressBook addresses_;
  RedisBreaker breaker_;
  PendingEvents pending_;
  Link read_;
  Link write_;
  Link log_link_;
  RedisLog log_;
  RedisPublisher publisher_;
  RedisRecovery recovery_;
  net::Timer probe_;
  net::Timer watch_;
  std::minstd_rand random_;

  CacheState state_ = CacheState::kRecovering;
  std::uint64_t epoch_ = 0;
  bool attempting_ = false;  ///< To get from `memory` or `recovering` to `redis`.
  bool stopped_ = true;
  std::string run_id_;      ///< Of the server that is used or being tried.
  bool recovered_ = false;  ///< Once at least.
  std::int64_t generation_ = 0;
  Nanos time_asked_ = 0;
  /// Events since the log was read last: the core gave each a position of its own.
  std::uint64_t published_ = 0;
  std::string said_;  ///< The last reason that was logged.
};

}  // namespace pgsidecar::cache
