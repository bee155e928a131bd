#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "admin/message.h"

namespace pgsidecar::admin {

/// Threads with stacks of the usual size, for work that the 100 KB of civetweb's are too small for.
/// Thread-safe.
class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads);
  /// Finishes what was begun and what waits.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Runs `work` and waits for its answer. What it throws comes out here.
  Response Run(std::function<Response()> work);

 private:
  void Serve();

  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::deque<std::packaged_task<Response()>> queue_;
  bool stopping_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace pgsidecar::admin
