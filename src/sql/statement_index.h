#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ref.h"
#include "metrics/recorder.h"
#include "sql/options.h"

namespace pgsidecar::sql {

class Catalogue;

/// Process-wide identity of a statement. Immutable once visible, but for its series.
/// Owned by the Catalogue and never freed while a cell points to it.
struct Statement;
struct StatementTraits;

/// Loop-local record of one (shape, database): what the text is, and the counts that wait for its
/// identity. Owned by the StatementIndex; a referenced cell is never reused.
struct Cell;

/// One statement of a text that was scanned.
struct ScannedStatement {
  Ref<Referenced> cell;  ///< Never empty. Give it back to Record and Describe.
  metrics::Command command;
  bool control = false;    ///< Transaction control, SET, SHOW, RESET, DEALLOCATE, DISCARD, EMPTY.
  bool and_chain = false;  ///< COMMIT or ROLLBACK … AND CHAIN.
};

/// W3C trace context from a sqlcommenter `traceparent`; empty without one.
struct TraceContext {
  char trace_id[33] = {};
  char span_id[17] = {};
  bool present() const { return trace_id[0] != '\0'; }
};

/// What one Query or Parse text holds. Views are valid until the next scan.
struct ScannedText {
  std::span<const ScannedStatement> statements;  ///< In order, at most 64; none: an empty query.
  TraceContext trace;
};

/// How the session at hand reads SQL.
struct ScanContext {
  metrics::DatabaseRecorder* database = nullptr;
  bool standard_conforming_strings = true;
  bool ascii_safe_encoding = true;  ///< False for SJIS, BIG5, GBK, UHC, JOHAB, GB18030.
  /// What the caller calls the statement, a name of its code; beats comments. Empty: none.
  std::string_view operation{};
};

/// What is known of a statement now, for logs and answers. Views live as long as the Statement.
struct StatementView {
  std::string_view fingerprint;  ///< "unknown" or "pending" before there is an identity.
  std::string_view operation;
  std::string_view summary;
  std::string_view query;
  bool query_cut = false;  ///< `query` is only the beginning.
};

/// A text that arrives in pieces. Belongs to one session while its message is incomplete.
class PartialScan;

struct PartialScanDeleter {
  void operator()(PartialScan* scan) const;
};
using PartialScanPtr = std::unique_ptr<PartialScan, PartialScanDeleter>;

/// From SQL text to cells, without parsing on this thread. One per loop; loop thread only.
/// docs/architecture.md and statements rules: shape map of 8 192 cells with CLOCK eviction.
class StatementIndex {
 public:
  StatementIndex(Catalogue& catalogue, const Clock& clock);
  ~StatementIndex();

  /// Call at login: the series `other` of a database exist from then on. Takes a lock.
  void Attach(metrics::DatabaseRecorder& database);

  /// Scans a whole text. Allocates only when it meets a shape for the first time.
  ScannedText Scan(std::string_view text, const ScanContext& context);

  /// The same for a text in pieces: any split gives the same answer. Scanners are pooled.
  PartialScanPtr Begin(const ScanContext& context);
  void Feed(PartialScan& scan, std::string_view piece);
  ScannedText Finish(PartialScanPtr scan);

  /// The cell for statements whose text was never seen (SQL-level PREPARE, FunctionCall, overflow),
  /// by command.
  Ref<Referenced> Unknown(metrics::DatabaseRecorder& database, metrics::Command command);

  /// Counts one execution in the families by statement. `slow` as decided by the DatabaseRecorder.
  void Record(Referenced& cell, const metrics::Execution& execution, bool slow,
              const metrics::Exemplar* exemplar);
  metrics::Command CommandOf(const Referenced& cell) const;
  StatementView Describe(const Referenced& cell) const;
  /// Whether what a statement is will still become known: its answer is on the way.
  bool IsPending(const Referenced& cell) const;
  /// Whether the text of a pending statement begins with WITH: then it may write whatever its
  /// command is.
  bool BeginsWithCte(const Referenced& cell) const;
  /// What it reads and writes, if StatementOptions::read_traits asked for it; null while it is
  /// pending, for a text that could not be read, and for all but data statements.
  const StatementTraits* TraitsOf(const Referenced& cell) const;

  /// Applies the answers of the cold worker and publishes this loop's counters. Call from the
  /// loop's tick; idempotent and cheap.
  void Poll();
  /// Gives every pending count to `other`. Last call before destruction.
  void Shutdown();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pgsidecar::sql
