#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/event_loop.h"
#include "net/socket.h"

namespace pgsidecar::net {

/// What a Listener reports, on the loop's thread.
class AcceptHandler {
 public:
  virtual ~AcceptHandler() = default;
  virtual void OnAccepted(UniqueFd client, const SocketAddress& peer) = 0;
  /// A connection was accepted and closed because the process has no descriptor left for it.
  virtual void OnAcceptRefused() = 0;
};

/// Accepts connections on one TCP address or Unix socket. When descriptors run out it gives up a
/// spare one to accept and close, so that the client learns it at once, and pauses 100 ms, then up
/// to 1 s. Loop thread only.
class Listener final : public FdHandler {
 public:
  /// Binds and listens; Start accepts. Port 0 takes a free one. A name must stand for one local
  /// address; it is looked up here, so this is for start-up, not for a running loop. A stale Unix
  /// socket file is removed only if nobody answers behind it.
  static Result<std::unique_ptr<Listener>> Bind(EventLoop& loop, const Endpoint& endpoint,
                                                AcceptHandler& handler);
  ~Listener() override;

  void Start();
  const Endpoint& endpoint() const { return endpoint_; }  ///< As bound, with the real port.

  void OnReadable() override;
  void OnWritable() override {}

 private:
  Listener(EventLoop& loop, Endpoint endpoint, AcceptHandler& handler);
  Status BindTcp();
  Status BindUnix();
  void Pause();

  Endpoint endpoint_;
  AcceptHandler& handler_;
  UniqueFd fd_;
  UniqueFd spare_;
  FdWatcher watcher_;
  Timer resume_;
  std::chrono::milliseconds pause_{};
};

}  // namespace pgsidecar::net
