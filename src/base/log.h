#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace spdlog::details {
class thread_pool;
}

namespace pgsidecar {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
enum class LogFormat : std::uint8_t { kText, kJson };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
};

/// Lines that wait for stderr; when it does not take them, the oldest are dropped and counted.
/// Each place in the queue is some 350 bytes, used or not.
constexpr std::size_t kLogQueueLines = 1024;

/// The process log while it lives: spdlog's default logger (`spdlog::info(...)` anywhere) writes to
/// stderr from a thread of its own, so that a loop thread never waits for a pipe. One per process.
class Log {
 public:
  /// `sinks` see every line of `options.level` and above, beside stderr.
  explicit Log(const LogOptions& options, std::vector<spdlog::sink_ptr> sinks = {});
  /// Writes what is queued; later lines are lost.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// What is less severe is not logged from now on. Thread-safe.
  void SetLevel(LogLevel level);

  /// Lines lost because the queue was full. Thread-safe.
  std::uint64_t dropped() const;

 private:
  const std::shared_ptr<spdlog::details::thread_pool> pool_;  ///< The logger refers to it weakly.
};

/// One line, with its newline: `2026-01-31T12:00:00.123Z info text`, or the same as a JSON object
/// with `time`, `level` and `message`. The message is cut to 4 KiB and cannot break the line.
std::string FormatLogLine(LogFormat format, LogLevel level, std::string_view message,
                          std::chrono::system_clock::time_point time);

}  // namespace pgsidecar
