#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "metrics/recorder.h"
#include "sql/options.h"

namespace pgsidecar::sql {

/// One line of `GET /api/v1/statements`. Quantiles are interpolated within histogram buckets.
struct StatementRow {
  std::string datname, fingerprint, operation, summary, query;
  std::uint64_t calls = 0, errors = 0, slow = 0, rows = 0;
  double total_seconds = 0, mean_seconds = 0;
  double p50_seconds = 0, p95_seconds = 0, p99_seconds = 0;
};

/// Every statement the process knows, which of them have series, and the cold worker that gives
/// them their identity with libpg_query. Thread-safe. Outlives every StatementIndex.
class Catalogue {
 public:
  /// Fails if a configured operation is wrong; the error names it.
  static Result<std::unique_ptr<Catalogue>> Create(const StatementOptions& options,
                                                   metrics::Registry& registry, const Clock& clock);
  ~Catalogue();

  /// Statements with series of their own, and `other`; by total time, largest first.
  std::vector<StatementRow> Snapshot() const;

  /// Blocks until the queue of the cold worker is empty and its answers are in the mailboxes.
  void DrainForTest();
  /// Runs one round of admission, eviction and the slow list now. The worker does this every
  /// second.
  void MaintainForTest();

  struct State;
  State& state() { return *state_; }

 private:
  explicit Catalogue(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pgsidecar::sql
