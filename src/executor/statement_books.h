#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "metrics/recorder.h"
#include "metrics/slow_log.h"
#include "sql/statement_index.h"

namespace pgsidecar::executor {

/// A statement as the catalogue knows it. Made and dropped by StatementBooks only.
struct KnownStatement {
  Ref<Referenced> cell;
  metrics::Command command = metrics::Command::kUnknown;
};

/// What finished, for the books.
struct Finished {
  metrics::DatabaseRecorder* database = nullptr;
  Referenced* cell = nullptr;
  const metrics::Execution* execution = nullptr;
  const sql::TraceContext* trace = nullptr;  ///< Null: it belongs to none.
};

/// The families by statement, for all threads of the process: a StatementIndex behind a mutex,
/// which is held for a few instruments. Thread-safe.
class StatementBooks {
 public:
  StatementBooks(sql::Catalogue& catalogue, const Clock& clock) : index_(catalogue, clock) {}

  /// Call at login.
  void Attach(metrics::DatabaseRecorder& database);
  /// The statement of a text; `operation` is what its caller calls it.
  KnownStatement Know(std::string_view sql, metrics::DatabaseRecorder& database,
                      std::string_view operation);
  void Forget(KnownStatement& statement);
  /// Counts in the families by database and by statement. Returns whether it was slow.
  bool Record(const Finished& finished);
  /// Fingerprint, summary and text.
  void Describe(const Referenced& cell, metrics::SlowEvent& event);
  /// About once a second.
  void Poll();

 private:
  std::mutex mutex_;
  sql::StatementIndex index_;  ///< Guarded by mutex_.
};

}  // namespace pgsidecar::executor
