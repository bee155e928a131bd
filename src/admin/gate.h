#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace pgsidecar::admin {

/// Lets only a few threads do the same thing at once. Thread-safe.
class Gate {
 public:
  Gate(int places, std::chrono::milliseconds patience) : free_(places), patience_(patience) {}

  /// A place at the gate, given back when it goes out of scope.
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(gate), granted_(gate.Enter()) {}
    ~Pass() {
      if (granted_) gate_.Leave();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    /// False: all places were taken for as long as the gate's patience lasts.
    bool granted() const { return granted_; }

   private:
    Gate& gate_;
    const bool granted_;
  };

 private:
  bool Enter() {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, patience_, [this] { return free_ > 0; })) return false;
    --free_;
    return true;
  }
  void Leave() {
    {
      const std::lock_guard lock(mutex_);
      ++free_;
    }
    freed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable freed_;
  int free_;  ///< Guarded by mutex_.
  const std::chrono::milliseconds patience_;
};

}  // namespace pgsidecar::admin
