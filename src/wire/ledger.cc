#include "wire/ledger.h"

#include "wire/wire_shared.h"

namespace pgsidecar::wire {

Ledger::Ledger(WireShared& wire)
    : shared(wire),
      index(wire.context.catalogue, wire.context.clock),
      unjudged(wire.context.writes, index),
      overhead(wire.instruments.overhead),
      passes(wire.instruments.pass_duration) {}

DatabaseBooks& Ledger::BooksOf(std::string_view datname) {
  metrics::DatabaseRecorder& recorder = shared.context.recorder.Database(datname);
  for (const auto& books : databases) {
    if (&books->recorder() == &recorder) return *books;
  }
  index.Attach(recorder);
  databases.push_back(std::make_unique<DatabaseBooks>(shared.context.registry, recorder));
  return *databases.back();
}

}  // namespace pgsidecar::wire
