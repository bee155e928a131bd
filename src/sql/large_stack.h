#pragma once

#include <pthread.h>

#include <functional>

#include "base/result.h"

namespace pgsidecar::sql {

/// A thread with 8 MiB of stack: libpg_query recurses as deep as the statement is nested.
/// Joined by the destructor.
class LargeStackThread {
 public:
  LargeStackThread() = default;
  LargeStackThread(const LargeStackThread&) = delete;
  LargeStackThread& operator=(const LargeStackThread&) = delete;
  ~LargeStackThread() { Join(); }

  Status Start(std::function<void()> body);
  void Join();

 private:
  std::function<void()> body_;
  pthread_t thread_{};
  bool running_ = false;
};

/// Calls `body` on such a thread and waits for it.
Status RunOnLargeStack(std::function<void()> body);

}  // namespace pgsidecar::sql
