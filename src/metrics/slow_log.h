#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "metrics/query_plan.h"
#include "metrics/registry.h"

namespace pgsidecar::metrics {

struct SlowLogOptions {
  std::string path = "stderr";  ///< `stderr`, or a file that is appended to.
  double rate = 10;             ///< Lines a second, on average.
  std::uint32_t burst = 50;     ///< Lines at once.
  std::chrono::nanoseconds running_after = std::chrono::seconds(30);  ///< 0: never.
};

enum class SlowEventKind : std::uint8_t { kSlow, kRunning, kSlowGroup, kPlan };

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
  bool query_cut = false;                       ///< `query` is only the beginning.
  std::vector<std::string> group_fingerprints;  ///< kSlowGroup: up to 8.
  std::uint64_t rows = 0, bytes = 0;
  std::string sqlstate;  ///< Empty: no error.
  char tx = 'I';         ///< Transaction status of ReadyForQuery before the statement: I, T or E.
  bool extended = false;
  std::string datname, user, application_name, client, upstream;
  std::uint64_t session = 0;
  std::string trace_id, span_id;
  /// Shared by copies of the event: in the ring, in a snapshot, on its way to the file. Or null.
  std::shared_ptr<const QueryPlan> plan;
};

/// One line of JSON, without the newline. `suppressed`: lines left out just before it.
std::string ToJson(const SlowEvent& event, std::uint64_t suppressed);

/// Who may want to explain slow statements (src/executor).
class PlanSource {
 public:
  virtual ~PlanSource() = default;
  /// A statement whose line was just written, of kind kSlow. Called on the thread of the log:
  /// must not block. A plan comes back through SlowLog::AddPlan.
  virtual void Offer(const SlowEvent& event) = 0;
};

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

  /// From now on `source` is offered every slow statement that is written; null: nobody is. When
  /// this returns the former source is not called any more.
  void SetPlanSource(PlanSource* source);
  /// Queues a line with the plan of `statement`, past the rate limit, and adds it to the recent
  /// slow events of the same statement and database. A full queue drops the line and counts.
  void AddPlan(const SlowEvent& statement, QueryPlan plan);

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
