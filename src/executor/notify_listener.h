#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "executor/interrupter.h"

namespace pgsidecar::executor {

/// What a notification asks for.
enum class NoticeKind : std::uint8_t { kTable, kTag, kKey, kPattern, kUnknown };

struct Notice {
  NoticeKind kind = NoticeKind::kUnknown;
  std::string argument{};  ///< A table is a tag here, in its one spelling: `table:public.users`.
};

/// Reads a payload: `table:schema.name`, `tag:TEXT`, `key:NAME` or `pattern:GLOB`.
Notice ReadNotice(std::string_view payload);

/// Hears NOTIFY on a connection of its own, so that writes made elsewhere reach the cache. It
/// connects again for ever; what was said meanwhile is lost, so that it tells of every new
/// connection, too. Callbacks come from its own thread.
class NotifyListener {
 public:
  struct Options {
    std::string connection{};  ///< Holds the password: never logged.
    std::string channel{};     ///< `[a-z_][a-z0-9_]*`.
    std::chrono::milliseconds pause_min{100}, pause_max{10'000};  ///< Between two attempts.
  };
  struct Callbacks {
    std::function<void(const Notice&)> on_notice{};
    /// LISTEN is in force, from now on. `again`: there was a connection before.
    std::function<void(bool again)> on_connected{};
    std::function<void()> on_lost{};
  };

  NotifyListener(Options options, Callbacks callbacks);
  /// Ends the wait. An attempt to connect takes its timeout at most.
  ~NotifyListener();
  NotifyListener(const NotifyListener&) = delete;
  NotifyListener& operator=(const NotifyListener&) = delete;

  bool connected() const { return connected_.load(std::memory_order_relaxed); }

 private:
  void Run();
  void Listen();
  bool Pause(std::chrono::milliseconds duration) const;

  const Options options_;
  const Callbacks callbacks_;
  Interrupter interrupter_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> connected_ = false;
  bool was_connected_ = false;  ///< Its own thread only.
  std::thread thread_;
};

}  // namespace pgsidecar::executor
