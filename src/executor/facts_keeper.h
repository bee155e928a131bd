#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "pgsidecar/outcome.h"
#include "sql/database_facts.h"

namespace pgsidecar::executor {

/// Keeps what is known of the catalogue fresh, on a thread of its own: reads it at the start, every
/// so often, and when somebody says that it changed. Thread-safe.
class FactsKeeper {
 public:
  struct Options {
    std::chrono::nanoseconds every = std::chrono::minutes(5);
    std::chrono::nanoseconds retry = std::chrono::seconds(2);  ///< After a reading that failed.
  };
  struct Callbacks {
    std::function<Outcome<sql::DatabaseFacts>()> read{};  ///< Blocks.
    /// Null when they could not be read for twice `every`: what is known may be wrong by now.
    std::function<void(std::shared_ptr<const sql::DatabaseFacts>)> use{};
  };

  FactsKeeper(const Options& options, Callbacks callbacks);
  /// Waits for a reading under way.
  ~FactsKeeper();
  FactsKeeper(const FactsKeeper&) = delete;
  FactsKeeper& operator=(const FactsKeeper&) = delete;

  /// Reads again at once; what is being read now is not used, as it may be older than the change.
  void Refresh();

 private:
  void Run();

  const Options options_;
  const Callbacks callbacks_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;     ///< Guarded by mutex_.
  std::uint64_t wanted_ = 1;  ///< Guarded by mutex_. Changes heard of.
  std::thread thread_;
};

}  // namespace pgsidecar::executor
