#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pgsidecar::executor {

/// A few threads for jobs that block on the network. Thread-safe. Who submits bounds their number.
class Workers {
 public:
  explicit Workers(std::size_t threads);
  /// Waits for the jobs that run; drops those that wait.
  ~Workers();

  void Submit(std::function<void()> job);
  /// The same, before all that wait.
  void SubmitFirst(std::function<void()> job);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;  ///< Guarded by mutex_.
  bool stopping_ = false;                   ///< Guarded by mutex_.
  std::vector<std::thread> threads_;        ///< Last: they use all of the above.
};

}  // namespace pgsidecar::executor
