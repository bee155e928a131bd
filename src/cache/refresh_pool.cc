#include "cache/refresh_pool.h"

#include <utility>

namespace pgsidecar::cache {

RefreshPool::~RefreshPool() {
  std::deque<std::function<void()>> dropped;  // Their tickets end without the lock.
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void RefreshPool::Run(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    if (queue_.size() > idle_ && threads_.size() < kThreadsMax) {
      threads_.emplace_back([this] { Work(); });
    }
  }
  changed_.notify_one();
}

void RefreshPool::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (stopping_) return;
    std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace pgsidecar::cache
