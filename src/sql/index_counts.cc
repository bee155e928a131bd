#include <algorithm>

#include "sql/index_state.h"

namespace pgsidecar::sql {

// How executions are counted, before and after the identity is known. The rest of
// StatementIndex::State.

namespace {

constexpr Nanos kAnswerTimeout = 5 * kNanosPerSecond;
constexpr std::string_view kSyntaxError = "42601";

bool IsSyntaxError(const metrics::Execution& execution) {
  return execution.failed && metrics::View(execution.sqlstate) == kSyntaxError;
}

std::uint64_t RowsOf(const metrics::Execution& execution) {
  return execution.rows_returned + execution.rows_affected;
}

}  // namespace

void StatementIndex::State::Count(Cell& cell, const metrics::Execution& execution, bool slow,
                                  const metrics::Exemplar* exemplar) {
  if (cell.state == Cell::State::kPending) {
    return CountPrivately(*cell.counts, *cell.other, execution, slow);
  }
  Place& place = cell.state == Cell::State::kBound ? *cell.place : *cell.other;
  metrics::StatementSeries& series = *place.series.load(std::memory_order_acquire);
  if (exemplar != nullptr) {
    series.duration.Observe(ToSeconds(execution.duration), *exemplar, ToSeconds(clock.UnixNow()));
  } else {
    series.duration.Observe(ToSeconds(execution.duration));
  }
  if (execution.failed) series.errors.Increment();
  if (slow) {
    series.slow.Increment();
    place.NoteSlow(clock.UnixNow(), execution.duration);
  }
  if (const std::uint64_t rows = RowsOf(execution); rows > 0) {
    series.rows.fetch_add(rows, std::memory_order_relaxed);
  }
  place.calls.fetch_add(1, std::memory_order_relaxed);
  place.busy.fetch_add(execution.duration, std::memory_order_relaxed);
  if (!place.proven.load(std::memory_order_relaxed) && !IsSyntaxError(execution)) {
    place.proven.store(true, std::memory_order_relaxed);
  }
  if (&series == place.other) ++overflow;
}

void StatementIndex::State::CountPrivately(PrivateCounts& counts, Place& other,
                                           const metrics::Execution& execution, bool slow) {
  const double seconds = ToSeconds(execution.duration);
  counts.buckets[other.own->duration.BucketOf(seconds)] += 1;
  counts.seconds += seconds;
  counts.busy += execution.duration;
  counts.rows += RowsOf(execution);
  ++counts.calls;
  if (execution.failed) ++counts.errors;
  if (!IsSyntaxError(execution)) counts.proven = true;
  if (!slow) return;
  ++counts.slow;
  counts.last_slow_unix = clock.UnixNow();
  counts.last_slow_duration = execution.duration;
}

/// From now on `cell` counts at `place`, and so does what it has counted up to here.
void StatementIndex::State::Bind(Cell& cell, Place& place) {
  const std::unique_ptr<PrivateCounts> counts = std::move(cell.counts);
  cell.state = Cell::State::kBound;
  cell.place = &place;
  if (counts->calls > 0) Merge(*counts, place);
}

void StatementIndex::State::Merge(const PrivateCounts& counts, Place& place) {
  metrics::StatementSeries& series = *place.series.load(std::memory_order_acquire);
  series.duration.ObserveMany(counts.buckets, counts.seconds);
  if (counts.errors > 0) series.errors.Increment(static_cast<double>(counts.errors));
  if (counts.slow > 0) {
    series.slow.Increment(static_cast<double>(counts.slow));
    place.NoteSlow(counts.last_slow_unix, counts.last_slow_duration);
  }
  series.rows.fetch_add(counts.rows, std::memory_order_relaxed);
  place.calls.fetch_add(counts.calls, std::memory_order_relaxed);
  place.busy.fetch_add(counts.busy, std::memory_order_relaxed);
  if (counts.proven) place.proven.store(true, std::memory_order_relaxed);
  if (&series == place.other) overflow += counts.calls;
}

void StatementIndex::State::GiveToOther(Cell& cell) {
  const std::unique_ptr<PrivateCounts> counts = std::move(cell.counts);
  cell.state = Cell::State::kDeferred;
  if (counts->calls > 0) Merge(*counts, *cell.other);
}

void StatementIndex::State::TakeAnswers() {
  mailbox->Take(&answers);
  if (answers.empty()) return;
  for (Answer& answer : answers) {
    Cell& cell = *answer.cell;
    if (cell.state == Cell::State::kPending && cell.ticket == answer.ticket) {
      cell.traits = std::move(answer.traits);
      Bind(cell, *answer.place);
    } else {
      answer.place->cells.fetch_sub(1, std::memory_order_release);
    }
  }
  std::erase_if(pending, [](const Cell* cell) { return cell->state != Cell::State::kPending; });
}

/// Cells whose answer is late get the identity of their shape.
void StatementIndex::State::GiveUpLate() {
  if (pending.empty()) return;
  const Nanos late = clock.Now() - kAnswerTimeout;
  std::erase_if(pending, [&](Cell* cell) {
    const PrivateCounts& counts = *cell->counts;
    if (counts.asked_at > late) return false;
    const Identity identity = counts.unknown ? UnknownIdentity(cell->command)
                                             : IdentifyByShape(counts.shape, *counts.canonical);
    const auto timeout = static_cast<std::size_t>(IdentityKind::kTimeout);
    places.instruments().parses[timeout]->Increment();
    Bind(*cell,
         places.Resolve(
             {.datname = &cell->other->datname, .name = counts.name, .command = cell->command},
             identity));
    return true;
  });
}

void StatementIndex::State::Publish() {
  Instruments& instruments = places.instruments();
  const auto publish = [](metrics::Counter& counter, std::uint64_t* count) {
    if (*count > 0) counter.Increment(static_cast<double>(*count));
    *count = 0;
  };
  publish(instruments.scanned_bytes, &scanned_bytes);
  publish(instruments.overflow, &overflow);
  publish(instruments.deferred, &deferred);
  publish(instruments.shape_evictions, &shape_evictions);
  publish(instruments.comments_rejected, &comments_rejected);
  const auto publish_gauge = [](metrics::Gauge& gauge, double* shown, std::size_t value) {
    const auto now = static_cast<double>(value);
    if (now != *shown) gauge.Increment(now - *shown);
    *shown = now;
  };
  publish_gauge(instruments.pending, &shown_pending, pending.size());
  publish_gauge(instruments.shapes, &shown_shapes, map.size());
}

}  // namespace pgsidecar::sql
