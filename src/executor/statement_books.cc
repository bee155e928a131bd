#include "executor/statement_books.h"

namespace pgsidecar::executor {

void StatementBooks::Attach(metrics::DatabaseRecorder& database) {
  const std::lock_guard lock(mutex_);
  index_.Attach(database);
}

KnownStatement StatementBooks::Know(std::string_view sql, metrics::DatabaseRecorder& database,
                                    std::string_view operation) {
  const std::lock_guard lock(mutex_);
  const sql::ScannedText text = index_.Scan(sql, {.database = &database, .operation = operation});
  if (text.statements.empty()) {
    return {index_.Unknown(database, metrics::Command::kEmpty), metrics::Command::kEmpty};
  }
  return {text.statements.front().cell, text.statements.front().command};
}

void StatementBooks::Forget(KnownStatement& statement) {
  const std::lock_guard lock(mutex_);
  statement.cell.reset();
}

bool StatementBooks::Record(const Finished& finished) {
  if (finished.trace == nullptr) {
    const bool slow = finished.database->Record(*finished.execution, nullptr);
    const std::lock_guard lock(mutex_);
    index_.Record(*finished.cell, *finished.execution, slow, nullptr);
    return slow;
  }
  const std::lock_guard lock(mutex_);
  metrics::Exemplar exemplar{finished.trace->trace_id, finished.trace->span_id,
                             index_.Describe(*finished.cell).fingerprint};
  const bool slow = finished.database->Record(*finished.execution, &exemplar);
  exemplar.fingerprint = {};  // It is a label of the families by statement.
  index_.Record(*finished.cell, *finished.execution, slow, &exemplar);
  return slow;
}

void StatementBooks::Describe(const Referenced& cell, metrics::SlowEvent& event) {
  const std::lock_guard lock(mutex_);
  const sql::StatementView view = index_.Describe(cell);
  event.fingerprint = view.fingerprint;
  event.summary = view.summary;
  event.query = view.query;
  event.query_cut = view.query_cut;
  event.command = metrics::Name(index_.CommandOf(cell));
}

void StatementBooks::Poll() {
  const std::lock_guard lock(mutex_);
  index_.Poll();
}

}  // namespace pgsidecar::executor
