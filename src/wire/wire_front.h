#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "metrics/recorder.h"
#include "metrics/slow_log.h"
#include "sql/catalogue.h"
#include "wire/options.h"
#include "wire/write_watch.h"

namespace pgsidecar::wire {

class SessionHooks;

/// What the wire front needs from the rest of the process. All outlive it.
struct WireContext {
  metrics::Registry& registry;
  metrics::Recorder& recorder;
  sql::Catalogue& catalogue;
  metrics::SlowLog& slow_log;
  const Clock& clock;
  WriteWatch* writes = nullptr;  ///< Null: nobody keeps answers.
  /// Tests only: what stands between a session and its observer, told that observer.
  std::function<std::unique_ptr<SessionHooks>(SessionHooks&)> interpose = {};
};

/// How the wire front is, for the probes.
struct WireHealth {
  bool upstream_reached = false;  ///< An upstream connect succeeded once (latched).
  bool draining = false;
  Nanos last_tick = 0;  ///< Monotonic time of the last tick of the slowest loop.
};

/// The transparent PostgreSQL relay: its listeners, sessions and loop thread.
class WireFront {
 public:
  /// Binds the listeners. Fails with one line that names the address and the reason.
  static Result<std::unique_ptr<WireFront>> Create(const WireOptions& options,
                                                   const WireContext& context);
  ~WireFront();

  /// Checks what only the files behind `options` can tell: certificates and keys that do not load.
  static Status Check(const WireOptions& options);
  /// New sessions use `options` from now on, open ones keep theirs. The certificates are read
  /// again. `listen`, `pass_through_listen`, `threads` and `slow_query_threshold` stay as they were
  /// at Create. On failure nothing is changed. Thread-safe.
  Status Reload(const WireOptions& options);

  /// Starts the loop thread.
  void Start();
  /// Starts the drain (docs/operations.md). A second call closes what is still open. Thread-safe.
  void Drain();
  /// Waits until the drain is done and the loop thread has ended.
  void Join();

  WireHealth health() const;                   ///< Thread-safe.
  std::vector<std::string> addresses() const;  ///< As bound, with the real port for port 0.

  struct State;

 private:
  explicit WireFront(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pgsidecar::wire
