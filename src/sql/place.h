#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "metrics/recorder.h"

namespace pgsidecar::sql {

/// Process-wide identity. Constant while anything refers to it.
struct Statement {
  std::string fingerprint;
  std::string summary;  ///< As the text policy allows; so is `query`.
  std::string query;
  bool query_cut = false;  ///< `query` is only the beginning.
  std::string command;
  std::uint32_t places = 0;  ///< Guarded by the mutex of Places.
};

/// One label set (datname, operation, fingerprint): where executions are counted, with or without
/// series of its own. Loops count through a pointer in their cells and take no lock; Places, which
/// owns it, frees it when nothing refers to it any more.
struct Place {
  // Constant after construction.
  std::string datname;
  std::string operation;
  Statement* statement = nullptr;
  bool pinned = false;
  metrics::StatementSeries* other = nullptr;  ///< That of the database.

  // Written by Places and by all loops.
  std::atomic<metrics::StatementSeries*> series{nullptr};  ///< Where executions count now.
  std::atomic<std::uint32_t> cells{0};                     ///< References from cells.
  std::atomic<bool> proven{false};  ///< Something else than a syntax error was seen.
  std::atomic<std::uint64_t> calls{0};
  std::atomic<Nanos> busy{0};
  std::atomic<Nanos> last_slow_duration{0};
  std::atomic<Nanos> last_slow_unix{0};

  // Guarded by the mutex of Places.
  metrics::StatementSeries* own = nullptr;  ///< In the registry, counting or frozen.
  Nanos admitted_at = 0;
  Nanos frozen_until = 0;          ///< 0: not frozen.
  std::uint64_t window_calls = 0;  ///< `calls` and `busy` at the start of the window.
  Nanos window_busy = 0;
  std::uint32_t heavy_windows = 0;  ///< In a row.
  Nanos shown_slow_unix = 0;        ///< The last slow execution that the slow list has seen.
  bool on_slow_list = false;

  bool is_other() const { return own == other; }
  /// Whether executions count in series of its own now.
  bool admitted() const { return own != nullptr && frozen_until == 0; }
  metrics::StatementLabels labels() const {
    return {.datname = datname, .operation = operation, .fingerprint = statement->fingerprint};
  }
  void NoteSlow(Nanos unix_time, Nanos duration) {
    if (unix_time < last_slow_unix.load(std::memory_order_relaxed)) return;
    last_slow_duration.store(duration, std::memory_order_relaxed);
    last_slow_unix.store(unix_time, std::memory_order_release);
  }
};

}  // namespace pgsidecar::sql
