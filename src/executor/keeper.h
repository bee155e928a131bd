#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "executor/pool.h"

namespace pgsidecar::executor {

/// Cancels what is over its deadline, and does the housekeeping of a pool once a second, on a
/// thread of its own. A call costs it nothing but to note its deadline, unless that comes before
/// the moment at which the keeper wakes up anyway.
class Keeper {
 public:
  /// Both outlive it.
  Keeper(Pool& pool, Telemetry::State& telemetry);
  ~Keeper();

  /// To be called after the deadline was noted in a connection.
  void Watch(Nanos deadline) {
    if (deadline < wake_at_.load(std::memory_order_seq_cst)) Kick();
  }
  /// Cancels all that runs.
  void CancelAll();

 private:
  struct Cancelled {
    ConnectionPtr connection;
    Nanos break_at;
  };

  void Kick();
  void Run();
  /// Cancels what is due. Returns when something will be due next.
  Nanos Scan(Nanos now);
  void Cancel(const ConnectionPtr& connection, Nanos now);
  void Tick(Nanos now);
  void PublishRunning(Nanos now);
  metrics::SlowEvent Describe(const PooledConnection& connection, Nanos since, Nanos now) const;

  Pool& pool_;
  Telemetry::State& telemetry_;
  const Clock& clock_;
  const std::size_t source_;
  std::atomic<Nanos> wake_at_{0};

  std::mutex mutex_;
  std::condition_variable wake_;
  bool kicked_ = false, stopping_ = false, cancel_all_ = false;  ///< Guarded by mutex_.

  // Of the thread.
  std::vector<Cancelled> cancelled_;
  std::vector<metrics::DatabaseRecorder*> databases_;  ///< Published before.
  Nanos ticked_ = 0;

  std::thread thread_;  ///< Last: it uses all of the above.
};

}  // namespace pgsidecar::executor
