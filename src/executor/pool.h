#pragma once

#include <array>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "executor/pooled_connection.h"
#include "executor/telemetry_state.h"
#include "executor/workers.h"
#include "pgsidecar/query_executor.h"

namespace pgsidecar::executor {

/// The label `reason` of closed connections.
enum class CloseReason : std::uint8_t {
  kIdle,      ///< Nobody needed it.
  kLifetime,  ///< It was old.
  kStale,     ///< The server had ended it while it was idle.
  kBroken,    ///< It broke while it was used.
  kDeadline,  ///< What ran on it was cancelled.
  kShutdown,
};
constexpr std::array<std::string_view, 6> kCloseReasonNames = {"idle",   "lifetime", "stale",
                                                               "broken", "deadline", "shutdown"};

/// Every instrument of one pool. All series exist from construction. Thread-safe.
struct PoolInstruments {
  PoolInstruments(metrics::Registry& registry, std::string_view pool);

  metrics::Gauge& idle;
  metrics::Gauge& used;
  metrics::Gauge& pending;
  metrics::Histogram& wait;
  metrics::Histogram& create;
  metrics::Histogram& use;
  metrics::Counter& timeouts;
  metrics::Counter& errors;
  std::array<metrics::Counter*, kCloseReasonNames.size()> closed{};
};

/// Owned by who has borrowed it, by the pool, and by the keeper while it cancels.
using ConnectionPtr = std::shared_ptr<PooledConnection>;

/// Connections to one server and who waits for them. Connections are opened by threads of its own,
/// so that a caller never waits longer than it wants to. Thread-safe.
class Pool {
 public:
  Pool(const ExecutorOptions& options, Telemetry::State& telemetry, Connect connect);
  /// Requires: Stop was called, and nothing is borrowed.
  ~Pool();

  struct Borrowed {
    ConnectionPtr connection;
    Nanos now = 0;  ///< When it was lent.
  };
  /// Waits for a connection until `deadline`, but not longer than `wait_max`; first come, first
  /// served. `now` is the time of the call.
  Outcome<Borrowed> Borrow(Nanos now, Nanos deadline);
  /// Gives it back, or closes it if there is a reason to.
  void Return(ConnectionPtr connection, Nanos now, std::optional<CloseReason> close);

  /// Which server, database and user the answers are from: connects if that is not known yet.
  Outcome<std::shared_ptr<const std::string>> Identity(Nanos now, Nanos deadline);

  /// Closes what is old or idle for long, and opens what shall be there. About once a second.
  void Maintain(Nanos now);
  std::vector<ConnectionPtr> Snapshot() const;
  /// Fails those who wait and all that come; closes what is idle.
  void Stop();
  /// Waits until nothing is borrowed any more, or for `patience`. Returns whether that is so.
  bool AwaitAllReturned(std::chrono::nanoseconds patience);
  bool stopping() const;

  Workers& workers() { return workers_; }

 private:
  struct Waiter {
    std::condition_variable changed;
    ConnectionPtr connection;
    std::optional<QueryError> error;
    bool done() const { return connection != nullptr || error.has_value(); }
  };
  using Graveyard = std::vector<ConnectionPtr>;  ///< To be destroyed without the mutex.

  // All of these require: mutex_ held.
  ConnectionPtr TakeIdle(Nanos now, Graveyard& closed);
  std::optional<CloseReason> WhyClose(const PooledConnection& connection, Nanos now) const;
  void Remove(const ConnectionPtr& connection, CloseReason reason, Graveyard& closed);
  void Hand(ConnectionPtr connection, Nanos now);
  void OpenMore();
  void Publish();

  Outcome<Borrowed> Wait(std::unique_lock<std::mutex>& lock, Nanos now, Nanos deadline);
  void OpenOne();
  void FailWaiters(const QueryError& error);

  const ExecutorOptions options_;
  Telemetry::State& telemetry_;
  const Clock& clock_;
  const Connect connect_;
  PoolInstruments instruments_;

  mutable std::mutex mutex_;
  std::condition_variable returned_;
  // Guarded by mutex_.
  std::vector<ConnectionPtr> all_;
  std::vector<ConnectionPtr> idle_;  ///< Of all_; the last one used last.
  std::list<Waiter*> waiters_;
  std::size_t opening_ = 0;
  std::uint64_t last_id_ = 0;
  bool stopping_ = false;
  /// Of the connection that was opened last; calls under way own it, too.
  std::shared_ptr<const std::string> identity_;
  Nanos suspect_ = 0;  ///< One broke then: those that rested since are looked at before use.

  Workers workers_;  ///< Last: its threads use all of the above.
};

}  // namespace pgsidecar::executor
