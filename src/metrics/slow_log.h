#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "metrics/registry.h"

namespace pgsidecar::metrics {

struct SlowLogOptions {
  std::string path = "stderr";  ///< `stderr`, or a file that is appended to.
  double rate = 10;             ///< Lines a second, on average.
  std::uint32_t burst = 50;     ///< Lines at once.
  std::chrono::nanoseconds running_after = std::chrono::seconds(30);  ///< 0: never.
};

enum class SlowEventKind : std::uint8_t { kSlow, kRunning, kSlowGroup };

/// One line of the slow-query log. Holds nothing that a user typed but names: texts are canonical
/// (literals masked), parameters and server messages are never here.
struct SlowEvent {
  SlowEventKind kind = SlowEventKind::kSlow;
  Nanos unix_time = 0;
  double duration_s = 0;
  double first_byte_s = -1;  ///< -1: no reply yet.
  double client_stall_s = 0;
  std::uint32_t shared = 1;  ///< Statements in the shared set.
  std::string fingerprint, operation, command, summary, query;
  std::vector<std::string> group_fingerprints;  ///< kSlowGroup: up to 8.
  std::uint64_t rows = 0, bytes = 0;
  std::string sqlstate;  ///< Empty: no error.
  char tx = 'I';         ///< Transaction status of ReadyForQuery before the statement: I, T or E.
  bool extended = false;
  std::string datname, user, application_name, client, upstream;
  std::uint64_t session = 0;
  std::string trace_id, span_id;
};

/// One line of JSON, without the newline. `suppressed`: lines left out just before it.
std::string ToJson(const SlowEvent& event, std::uint64_t suppressed);

/// Writes slow events from a thread of its own and remembers the last 200. Thread-safe.
class SlowLog {
 public:
  static Result<std::unique_ptr<SlowLog>> Open(const SlowLogOptions& options, Registry& registry,
                                               const Clock& clock);
  /// Writes what is queued, then stops the thread.
  ~SlowLog();

  /// Queues one event; a full queue (4 096) drops it and counts. Never blocks on disk.
  void Submit(SlowEvent event);
  /// Replaces what one loop says is running slow right now. A pointer swap.
  void SetRunning(std::size_t loop, std::vector<SlowEvent> running);

  struct View {
    std::vector<SlowEvent> running;  ///< Oldest start first.
    std::vector<SlowEvent> recent;   ///< Newest first, at most 200.
  };
  View Snapshot() const;
  const SlowLogOptions& options() const;

 private:
  struct State;
  explicit SlowLog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pgsidecar::metrics
