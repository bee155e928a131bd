#pragma once

#include <map>
#include <vector>

#include "sql/catalogue_state.h"
#include "sql/comment_tags.h"
#include "sql/scanner.h"
#include "sql/shape_map.h"
#include "sql/statement_index.h"

namespace pgsidecar::sql {

/// A statement as the scanner left it, on the way to its cell.
struct Sighting {
  StatementShape shape;
  bool unknown = false;
  std::string_view source;                 ///< The raw text, to be printed if the shape is new.
  const CanonicalText* printed = nullptr;  ///< Or printed already.
  std::string name;                        ///< From a comment.
};

class PartialScan {
 public:
  Scanner scanner;
  CanonicalText text;
  CommentCapture comments;
  ScanContext context;
  std::vector<ScannedStatement> statements;
  TraceContext trace;
  std::vector<std::unique_ptr<PartialScan>>* pool = nullptr;
};

struct StatementIndex::State {
  State(Catalogue& catalogue, const Clock& the_clock);
  ~State();

  Place& OtherOf(metrics::DatabaseRecorder& database);
  /// The cell of a statement: from the map, or a new one whose question is sent to the worker.
  Ref<Referenced> Find(const ScanContext& context, Sighting& sighting);
  void Ask(Cell& cell, const ScanContext& context, Sighting& sighting);
  std::shared_ptr<const Canonical> Print(const ScanContext& context, const Sighting& sighting);
  void Release(Cell& cell);
  Cell& Spare(Place& other, const StatementShape& shape);

  /// Reads the comments of a statement: its name, and the trace of the text.
  std::string ReadComments(const CommentCapture& comments, TraceContext* trace);
  ScannedStatement Complete(const ScanContext& context, Sighting& sighting);
  void CompletePartial(PartialScan& scan);
  ScannedStatement Unreadable(const ScanContext& context, metrics::Command command);

  void Count(Cell& cell, const metrics::Execution& execution, bool slow,
             const metrics::Exemplar* exemplar);
  void CountPrivately(PrivateCounts& counts, Place& other, const metrics::Execution& execution,
                      bool slow);
  void Bind(Cell& cell, Place& place);
  void Merge(const PrivateCounts& counts, Place& place);
  void GiveToOther(Cell& cell);
  void TakeAnswers();
  void GiveUpLate();
  void Publish();

  Places& places;
  ColdWorker& worker;
  const Clock& clock;
  const bool reads_comments;
  const std::shared_ptr<Mailbox> mailbox;  // Shared with the jobs of the worker.

  ShapeMap map;
  std::vector<std::pair<metrics::DatabaseRecorder*, Place*>> others;
  /// Cells outside of the map, for the time when all in it are taken. By database and command.
  std::map<std::pair<Place*, metrics::Command>, Cell> spares;
  std::vector<Cell*> pending;
  std::vector<Answer> answers;
  std::uint64_t last_ticket = 0;

  Scanner scanner;
  Scanner printer;
  CanonicalText printed;
  CommentCapture comments;
  CommentTags tags;
  std::vector<ScannedStatement> statements;
  std::vector<std::unique_ptr<PartialScan>> pool;

  // Published by Publish().
  std::uint64_t scanned_bytes = 0;
  std::uint64_t overflow = 0;
  std::uint64_t deferred = 0;
  std::uint64_t shape_evictions = 0;
  std::uint64_t comments_rejected = 0;
  double shown_pending = 0;
  double shown_shapes = 0;
};

}  // namespace pgsidecar::sql
