#include "wire/database_books.h"

#include "wire/wire_metrics.h"

namespace pgsidecar::wire {

DatabaseBooks::DatabaseBooks(metrics::Registry& registry, metrics::DatabaseRecorder& database)
    : recorder_(database),
      copy_{{{registry.AddHistogram(kCopyDurationSeconds, {database.datname(), "in"}),
              registry.AddCounter(kCopyErrorsTotal, {database.datname(), "in"}),
              registry.AddCounter(kCopyInBytesTotal, {database.datname()})},
             {registry.AddHistogram(kCopyDurationSeconds, {database.datname(), "out"}),
              registry.AddCounter(kCopyErrorsTotal, {database.datname(), "out"}),
              registry.AddCounter(kCopyOutBytesTotal, {database.datname()})}}} {
  for (std::size_t state = 0; state < kStates; ++state) {
    gauges_[state] = &registry.AddGauge(kClientConnections,
                                        {database.datname(), pgwire::kSessionStateNames[state]});
  }
}

void DatabaseBooks::RecordCopy(const pgwire::CopyEnd& end) {
  const CopyInstruments& copy = copy_[static_cast<std::size_t>(end.direction)];
  copy.duration.Observe(ToSeconds(end.duration));
  copy.bytes.Increment(static_cast<double>(end.bytes));
  if (end.failed) copy.errors.Increment();
  const bool in = end.direction == pgwire::CopyDirection::kIn;
  recorder_.AddCopyRows(in ? 0 : end.rows, in ? end.rows : 0);
}

void DatabaseBooks::Publish(std::size_t loop) {
  for (std::size_t state = 0; state < kStates; ++state) {
    shares_[state].Publish(*gauges_[state], static_cast<double>(connections_[state]));
  }
  if (parses_ > 0) recorder_.AddParseMessages(parses_);
  parses_ = 0;
  recorder_.Publish(loop, running);
}

}  // namespace pgsidecar::wire
