#pragma once

#include <future>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "net/event_loop.h"

namespace pgsidecar::cache {

/// An event loop on a thread of its own, for tests that watch it from outside.
class LoopThread : public net::PassObserver {
 public:
  LoopThread() : thread_([this] { loop_.Run(*this); }) {}
  ~LoopThread() override {
    loop_.Stop();
    thread_.join();
  }

  /// Runs `work` on the loop's thread, and waits for what it returns.
  template <class Work>
  auto Do(Work work) -> decltype(work()) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto done = task.get_future();
    loop_.Post([&task] { task(); });
    return done.get();
  }

  net::EventLoop& loop() { return loop_; }
  const Clock& clock() const { return clock_; }

  void OnPassEnd(Nanos /*busy*/) override {}

 private:
  SystemClock clock_;
  net::EventLoop loop_{clock_};
  std::thread thread_;
};

}  // namespace pgsidecar::cache
