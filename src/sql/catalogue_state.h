#pragma once

#include "sql/catalogue.h"
#include "sql/cold_worker.h"

namespace pgsidecar::sql {

struct Catalogue::State {
  State(const StatementOptions& options, metrics::Registry& registry, const Clock& clock)
      : places(options, registry, clock), worker(places, options.read_traits) {}

  Places places;
  ColdWorker worker;  // Stops before the places go.
};

}  // namespace pgsidecar::sql
