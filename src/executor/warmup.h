#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "executor/cached_operations.h"

namespace pgsidecar::executor {

/// Calls configured operations before anybody asks for them, on threads of its own: when it is told
/// that caching is possible, and every so often. Thread-safe.
class Warmup {
 public:
  struct Options {
    std::vector<WarmupConfig> warmups{};
    std::chrono::nanoseconds limit = std::chrono::seconds(30);  ///< Of one run of all that is due.
  };
  struct Context {
    CachedOperations& operations;       ///< Outlives it.
    std::function<void()> on_warmed{};  ///< Called for every answer that was fetched.
  };

  Warmup(Options options, Context context);
  /// Waits for the calls under way.
  ~Warmup();
  Warmup(const Warmup&) = delete;
  Warmup& operator=(const Warmup&) = delete;

  /// Begins, once.
  void Start();

  /// Fails if one names no cached operation, no source of parameters or no parameter.
  static Status Check(const std::vector<WarmupConfig>& warmups, const CachedOperations& operations);

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Item {
    std::string operation;
    OperationValues values;
  };

  void Run();
  void Warm(const std::vector<const WarmupConfig*>& due);
  void Collect(const WarmupConfig& warmup, TimePoint end, std::vector<Item>& items);
  bool WarmItem(const Item& item, TimePoint end);
  bool stopping();

  const Options options_;
  const Context context_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool started_ = false;   ///< Guarded by mutex_.
  bool stopping_ = false;  ///< Guarded by mutex_.
  std::thread thread_;
};

/// A text of the configuration, or of a row, as what a parameter takes.
OperationValue ValueFromText(const ParameterSpec& parameter, const std::string& text);

}  // namespace pgsidecar::executor
