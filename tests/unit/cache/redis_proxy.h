#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace pgsidecar::cache {

/// What happens to what Redis answers.
enum class ProxyFault : std::uint8_t {
  kNone,
  kHold,     ///< Nothing arrives until the fault is another one.
  kHalf,     ///< Half of the next piece arrives, then nothing.
  kReset,    ///< Half of the next piece arrives, then a reset.
  kDelay,    ///< Each piece arrives later by delay().
  kGarbage,  ///< Each piece arrives as words that are no RESP.
  kHuge,     ///< Each piece arrives as the head of a bulk string of 2 GB.
  kRefuse,   ///< Connections are reset at once.
};

/// A relay between a test and Redis that does harm to order. Listens on port() of 127.0.0.1, on a
/// thread of its own. Members are thread-safe.
class RedisProxy {
 public:
  explicit RedisProxy(std::string redis_socket);
  ~RedisProxy();
  RedisProxy(const RedisProxy&) = delete;
  RedisProxy& operator=(const RedisProxy&) = delete;

  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  std::uint16_t port() const { return port_; }
  void Set(ProxyFault fault) { fault_ = fault; }
  void Delay(std::chrono::milliseconds by) {
    delay_ = by;
    fault_ = ProxyFault::kDelay;
  }
  /// Resets all connections that there are.
  void ResetAll() { reset_all_ = true; }
  int accepted() const { return accepted_; }
  /// Connections the other side has open.
  int open() const { return open_; }

 private:
  struct Pair;
  void Run();
  void Accept();
  void Serve(Pair& pair);
  void TakeReply(Pair& pair);
  void Release(Pair& pair);

  const std::string redis_socket_;
  std::uint16_t port_ = 0;
  UniqueFd listener_;
  std::vector<std::unique_ptr<Pair>> pairs_;  ///< The thread's.
  std::atomic<ProxyFault> fault_{ProxyFault::kNone};
  std::atomic<std::chrono::milliseconds> delay_{std::chrono::milliseconds(0)};
  std::atomic<bool> reset_all_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<int> accepted_{0};
  std::atomic<int> open_{0};
  std::thread thread_;
};

}  // namespace pgsidecar::cache
