#include "sql/index_state.h"

#include <algorithm>

namespace pgsidecar::sql {
namespace {

constexpr Nanos kRetryAfter = kNanosPerSecond;
constexpr std::uint64_t kUnknownSeed = 0x0b5c'0001;

}  // namespace

StatementIndex::State::State(Catalogue& catalogue, const Clock& the_clock)
    : places(catalogue.state().places),
      worker(catalogue.state().worker),
      clock(the_clock),
      reads_comments(places.names().reads_comments()),
      mailbox(std::make_shared<Mailbox>()) {}

StatementIndex::State::~State() {
  for (Cell& cell : map.cells()) Release(cell);
  places.instruments().shapes.Decrement(shown_shapes);
}

Place& StatementIndex::State::OtherOf(metrics::DatabaseRecorder& database) {
  for (const auto& [known, other] : others) {
    if (known == &database) return *other;
  }
  Place& other = places.Other(database.datname());
  others.emplace_back(&database, &other);
  return other;
}

Ref<Referenced> StatementIndex::State::Find(const ScanContext& context, Sighting& sighting) {
  Place& other = OtherOf(*context.database);
  std::uint64_t key = Mix(sighting.shape.hash, reinterpret_cast<std::uintptr_t>(&other));
  if (!sighting.name.empty()) key = HashOf(sighting.name, key);
  Cell* cell = map.Find(key);
  if (cell != nullptr) {
    cell->recent = true;
    if (cell->state == Cell::State::kDeferred && clock.Now() >= cell->retry_at) {
      Ask(*cell, context, sighting);
    }
    return Ref<Referenced>(cell);
  }
  bool dropped = false;
  cell = map.Insert(key, &dropped);
  if (cell == nullptr) return Ref<Referenced>(&Spare(other, sighting.shape));
  if (dropped) {
    Release(*cell);
    ++shape_evictions;
  }
  cell->command = sighting.shape.command;
  cell->control = sighting.shape.control;
  cell->and_chain = sighting.shape.and_chain;
  cell->other = &other;
  cell->recent = true;
  Ask(*cell, context, sighting);
  return Ref<Referenced>(cell);
}

/// A bound cell refers to its place.
void StatementIndex::State::Release(Cell& cell) {
  if (cell.state != Cell::State::kBound) return;
  cell.state = Cell::State::kDeferred;
  cell.place->cells.fetch_sub(1, std::memory_order_release);
}

/// Sends the question who this is to the worker.
void StatementIndex::State::Ask(Cell& cell, const ScanContext& context, Sighting& sighting) {
  cell.traits.reset();
  auto counts = std::make_unique<PrivateCounts>();
  counts->shape = sighting.shape;
  counts->unknown = sighting.unknown;
  counts->name = std::move(sighting.name);
  counts->canonical = Print(context, sighting);
  counts->asked_at = clock.Now();
  counts->buckets.resize(cell.other->own->duration.bounds().size() + 1);
  cell.ticket = ++last_ticket;
  if (!worker.Submit({.shape = counts->shape,
                      .unknown = counts->unknown,
                      .canonical = counts->canonical,
                      .name = counts->name,
                      .datname = &cell.other->datname,
                      .mailbox = mailbox,
                      .cell = &cell,
                      .ticket = cell.ticket})) {
    cell.state = Cell::State::kDeferred;
    cell.retry_at = counts->asked_at + kRetryAfter;
    ++deferred;
    return;
  }
  cell.state = Cell::State::kPending;
  cell.counts = std::move(counts);
  pending.push_back(&cell);
}

std::shared_ptr<const Canonical> StatementIndex::State::Print(const ScanContext& context,
                                                              const Sighting& sighting) {
  const CanonicalText* text = sighting.printed;
  if (text == nullptr) {
    printed.Clear();
    text = &printed;
    if (sighting.shape.data) {
      printer.Start(context.standard_conforming_strings, {.text = &printed});
      std::string_view rest = printer.Admit(sighting.source);
      if (!printer.Run(&rest)) printer.Finish();
    }
  }
  if (!sighting.shape.data) return std::make_shared<const Canonical>();
  return std::make_shared<const Canonical>(Canonical{std::string(text->view()), text->too_long()});
}

/// Where statements go while every cell of the map is in use: their command, and `other`.
Cell& StatementIndex::State::Spare(Place& other, const StatementShape& shape) {
  Cell& cell = spares[{&other, shape.command}];
  cell.command = shape.command;
  cell.control = shape.control;
  cell.other = &other;
  return cell;
}

std::string StatementIndex::State::ReadComments(const CommentCapture& captured,
                                                TraceContext* trace) {
  std::string name;
  for (std::size_t i = 0; i < captured.size(); ++i) {
    CommentTags::Outcome outcome = tags.Parse(captured[i]);
    if (outcome == CommentTags::Outcome::kTags && captured.too_long(i)) {
      outcome = CommentTags::Outcome::kMalformed;
    }
    if (outcome == CommentTags::Outcome::kMalformed) ++comments_rejected;
    if (outcome != CommentTags::Outcome::kTags) continue;
    if (!trace->present()) ParseTraceparent(tags.Get(TagKey::kTraceparent), trace);
    if (reads_comments && name.empty()) name = places.names().FromComment(tags);
  }
  return name;
}

ScannedStatement StatementIndex::State::Complete(const ScanContext& context, Sighting& sighting) {
  const StatementShape& shape = sighting.shape;
  return {.cell = Find(context, sighting),
          .command = shape.command,
          .control = shape.control,
          .and_chain = shape.and_chain};
}

void StatementIndex::State::CompletePartial(PartialScan& scan) {
  std::string name;
  if (scan.comments.size() > 0) name = ReadComments(scan.comments, &scan.trace);
  const StatementShape& shape = scan.scanner.shape();
  if (scan.context.ascii_safe_encoding) {
    Sighting sighting;
    sighting.shape = shape;
    sighting.printed = &scan.text;
    sighting.name = std::move(name);
    scan.statements.push_back(Complete(scan.context, sighting));
  } else if (scan.statements.empty()) {
    scan.statements.push_back(Unreadable(scan.context, shape.command));
  }
  scan.scanner.Next();
}

/// A statement of which only the command is known.
ScannedStatement StatementIndex::State::Unreadable(const ScanContext& context,
                                                   metrics::Command command) {
  Sighting sighting;
  sighting.unknown = true;
  sighting.shape.hash = Mix(kUnknownSeed, static_cast<std::uint64_t>(command));
  sighting.shape.command = command;
  return Complete(context, sighting);
}

}  // namespace pgsidecar::sql
