#include "sql/statement_index.h"

#include <algorithm>

#include "sql/index_state.h"
#include "sql/operation_names.h"

namespace pgsidecar::sql {
namespace {

constexpr std::size_t kStatementsMax = 64;
constexpr std::size_t kPooledMax = 8;

Cell& ToCell(Referenced& cell) { return static_cast<Cell&>(cell); }
const Cell& ToCell(const Referenced& cell) { return static_cast<const Cell&>(cell); }

}  // namespace

StatementIndex::StatementIndex(Catalogue& catalogue, const Clock& clock)
    : state_(std::make_unique<State>(catalogue, clock)) {}

StatementIndex::~StatementIndex() { Shutdown(); }

void StatementIndex::Attach(metrics::DatabaseRecorder& database) { state_->OtherOf(database); }

ScannedText StatementIndex::Scan(std::string_view text, const ScanContext& context) {
  State& state = *state_;
  std::vector<ScannedStatement>& statements = state.statements;
  statements.clear();
  TraceContext trace;
  Scanner& scanner = state.scanner;
  scanner.Start(context.standard_conforming_strings, {.comments = &state.comments});
  std::string_view rest = scanner.Admit(text);
  state.scanned_bytes += rest.size();
  for (bool more = true; more && statements.size() < kStatementsMax;) {
    const std::string_view before = rest;
    more = scanner.Run(&rest);
    const bool complete = more || scanner.Finish();
    std::string name;
    if (state.comments.size() > 0) name = state.ReadComments(state.comments, &trace);
    if (!complete) break;
    if (!context.ascii_safe_encoding) {
      statements.push_back(state.Unreadable(context, scanner.shape().command));
      break;
    }
    Sighting sighting;
    sighting.shape = scanner.shape();
    sighting.source = before.substr(0, before.size() - rest.size());
    sighting.name = context.operation.empty() ? std::move(name) : CleanName(context.operation);
    statements.push_back(state.Complete(context, sighting));
    scanner.Next();
  }
  return {.statements = statements, .trace = trace};
}

void PartialScanDeleter::operator()(PartialScan* scan) const {
  std::unique_ptr<PartialScan> owned(scan);
  owned->statements.clear();
  if (owned->pool->size() < kPooledMax) owned->pool->push_back(std::move(owned));
}

PartialScanPtr StatementIndex::Begin(const ScanContext& context) {
  std::vector<std::unique_ptr<PartialScan>>& pool = state_->pool;
  std::unique_ptr<PartialScan> scan;
  if (pool.empty()) {
    scan = std::make_unique<PartialScan>();
    scan->pool = &pool;
  } else {
    scan = std::move(pool.back());
    pool.pop_back();
  }
  scan->context = context;
  scan->trace = {};
  scan->scanner.Start(context.standard_conforming_strings,
                      {.text = &scan->text, .comments = &scan->comments});
  return PartialScanPtr(scan.release());
}

void StatementIndex::Feed(PartialScan& scan, std::string_view piece) {
  State& state = *state_;
  std::string_view rest = scan.scanner.Admit(piece);
  state.scanned_bytes += rest.size();
  while (scan.statements.size() < kStatementsMax && scan.scanner.Run(&rest)) {
    state.CompletePartial(scan);
  }
}

ScannedText StatementIndex::Finish(PartialScanPtr scan) {
  State& state = *state_;
  if (scan->statements.size() < kStatementsMax) {
    if (scan->scanner.Finish()) {
      state.CompletePartial(*scan);
    } else if (scan->comments.size() > 0) {
      state.ReadComments(scan->comments, &scan->trace);
    }
  }
  state.statements = std::move(scan->statements);
  return {.statements = state.statements, .trace = scan->trace};
}

Ref<Referenced> StatementIndex::Unknown(metrics::DatabaseRecorder& database,
                                        metrics::Command command) {
  return state_->Unreadable({.database = &database}, command).cell;
}

void StatementIndex::Record(Referenced& cell, const metrics::Execution& execution, bool slow,
                            const metrics::Exemplar* exemplar) {
  state_->Count(ToCell(cell), execution, slow, exemplar);
}

metrics::Command StatementIndex::CommandOf(const Referenced& cell) const {
  return ToCell(cell).command;
}

StatementView StatementIndex::Describe(const Referenced& cell) const {
  const Cell& known = ToCell(cell);
  if (known.state != Cell::State::kBound) {
    const std::string_view command = Name(known.command);
    return {.fingerprint = "pending", .operation = command, .summary = command, .query = {}};
  }
  const Place& place = *known.place;
  return {.fingerprint = place.statement->fingerprint,
          .operation = place.operation,
          .summary = place.statement->summary,
          .query = place.statement->query,
          .query_cut = place.statement->query_cut};
}

bool StatementIndex::IsPending(const Referenced& cell) const {
  return ToCell(cell).state == Cell::State::kPending;
}

bool StatementIndex::BeginsWithCte(const Referenced& cell) const {
  const Cell& known = ToCell(cell);
  if (known.state != Cell::State::kPending) return false;
  std::string_view text = known.counts->canonical->text;
  text.remove_prefix(std::min(text.find_first_not_of(" ("), text.size()));
  constexpr std::string_view kWith = "WITH";
  return text.size() > kWith.size() && std::equal(kWith.begin(), kWith.end(), text.begin(),
                                                  [](char a, char b) { return a == (b & ~0x20); });
}

const StatementTraits* StatementIndex::TraitsOf(const Referenced& cell) const {
  return ToCell(cell).traits.get();
}

void StatementIndex::Poll() {
  state_->TakeAnswers();
  state_->GiveUpLate();
  state_->Publish();
}

void StatementIndex::Shutdown() {
  State& state = *state_;
  state.mailbox->Close();
  state.TakeAnswers();
  for (Cell* cell : state.pending) state.GiveToOther(*cell);
  state.pending.clear();
  state.Publish();
}

}  // namespace pgsidecar::sql
