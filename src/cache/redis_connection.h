#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cache/redis_codec.h"
#include "cache/redis_failure.h"
#include "cache/redis_server.h"
#include "cache/redis_url.h"
#include "net/connector.h"
#include "net/event_loop.h"
#include "net/tls_handshake.h"

namespace pgsidecar::cache {

/// How to reach and use one Redis.
struct RedisTarget {
  RedisUrl url;
  std::shared_ptr<const net::TlsContext> tls;  ///< Second owner: each handshake. Null: no TLS.
  std::chrono::nanoseconds connect_timeout = std::chrono::milliseconds(200);
  std::chrono::nanoseconds login_timeout = std::chrono::milliseconds(300);
  std::chrono::nanoseconds hard_timeout = std::chrono::milliseconds(100);
  RedisLimits limits;
};

/// What became of a command: a reply, which may be an error reply, or why there is none.
struct RedisAnswer {
  std::optional<RedisReply> reply;
  RedisFailure failure = RedisFailure::kReset;  ///< If there is no reply.

  /// The reply is there and no error.
  bool ok() const { return reply.has_value() && !reply->value().is_error(); }
  /// Requires: reply.
  RedisValue value() const { return reply->value(); }
  /// Why it is not ok. Requires: !ok().
  RedisFailure reason() const { return reply ? Classify(value().text()) : failure; }
};

class RedisConnectionHandler {
 public:
  virtual ~RedisConnectionHandler() = default;
  /// Logged in; commands may be sent.
  virtual void OnRedisReady(const RedisServer& server) = 0;
  /// No connection came about, or it ended. What was in flight has had its answers. `text` is for a
  /// person and holds no secret.
  virtual void OnRedisClosed(RedisFailure failure, const std::string& text) = 0;
};

/// One connection to Redis: connects, logs in, and pipelines commands; replies go to callbacks in
/// the order of the commands. A command that is not answered within its deadline closes the
/// connection, so that a late reply can never reach another command. Loop thread only. Callbacks
/// may send and stop, and only the handler may start again; neither may destroy it.
class RedisConnection final : public net::ConnectHandler,
                              public net::TlsHandler,
                              public net::FdHandler {
 public:
  static constexpr std::size_t kCommandsMax = 1024;
  static constexpr std::size_t kQueuedBytesMax = std::size_t{8} << 20;

  using Callback = std::function<void(const RedisAnswer&)>;
  using Arguments = std::span<const std::string_view>;

  struct Context {
    net::EventLoop& loop;
    net::Resolver& resolver;
    RedisAddressBook& addresses;
  };

  /// `target` and what `context` refers to outlive it.
  RedisConnection(const Context& context, const RedisTarget& target,
                  RedisConnectionHandler& handler);
  ~RedisConnection() override;

  /// Requires: idle(). The handler is never called from within.
  void Start();
  /// Ends it without a call of the handler; what is in flight fails with kReset.
  void Stop();
  bool idle() const { return state_ == State::kIdle; }
  bool ready() const { return state_ == State::kReady; }

  /// Sends a command. False, and no call of `callback`, if the queue is full (`busy`).
  /// `wait` is how long the server itself may wait beyond the hard deadline (XREAD BLOCK).
  /// Requires: ready().
  [[nodiscard]] bool Send(Arguments arguments, Callback callback,
                          std::chrono::nanoseconds wait = std::chrono::nanoseconds(0));
  std::size_t in_flight() const { return waiting_.size(); }

  void OnConnected(UniqueFd fd) override;
  void OnConnectFailed(net::ConnectFailure reason, const std::string& text) override;
  void OnTlsReady(net::Transport transport) override;
  void OnTlsFailed(const std::string& text) override;
  void OnReadable() override;
  void OnWritable() override;

 private:
  enum class State : std::uint8_t { kIdle, kConnecting, kTls, kLogin, kReady };
  struct Waiting {
    Callback callback;
    Nanos due;
  };

  bool Enqueue(Arguments arguments, Callback callback, Nanos due);
  void LogIn();
  bool QueueLogin();
  void OnLoginReply(const RedisAnswer& answer, std::string_view what);
  void OnServerInfo(const RedisAnswer& answer);
  void OnServerTime(const RedisAnswer& answer);
  void Flush();
  bool Deliver();
  void ArmDeadline();
  void OnDeadline();
  /// Ends the connection and tells the handler, once what is in flight has failed.
  void Fail(RedisFailure failure, const std::string& text);
  void Reset();
  void FailWaiting(RedisFailure failure);

  net::EventLoop& loop_;
  RedisAddressBook& addresses_;
  const RedisTarget& target_;
  RedisConnectionHandler& handler_;
  State state_ = State::kIdle;
  std::uint64_t life_ = 0;  ///< Grows with each end, so that a loop over replies sees it.
  net::Connector connector_;
  net::TlsHandshake handshake_;
  net::Timer deadline_;
  net::FdWatcher watcher_;
  net::Transport transport_;
  std::optional<RedisReplyReader> reader_;
  RedisServer server_;
  Nanos login_due_ = 0;
  std::vector<char> received_;
  std::deque<Waiting> waiting_;
  std::string out_;  ///< Bytes for the socket; what is before `sent_` has left.
  std::size_t sent_ = 0;
};

}  // namespace pgsidecar::cache
