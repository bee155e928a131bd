#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pgsidecar::cache {

/// Threads for fetches that renew entries in the background, started when there is work. How many
/// fetches there can be at once is bounded by the core's tickets. Thread-safe.
class RefreshPool {
 public:
  static constexpr std::size_t kThreadsMax = 8;

  RefreshPool() = default;
  /// Waits for what is running, drops what is queued.
  ~RefreshPool();
  RefreshPool(const RefreshPool&) = delete;
  RefreshPool& operator=(const RefreshPool&) = delete;

  void Run(std::function<void()> work);

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace pgsidecar::cache
