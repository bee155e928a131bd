#pragma once

#include <array>

#include "sql/identity.h"
#include "sql/sql_metrics.h"

namespace pgsidecar::sql {

/// Our own metrics, resolved once. Thread-safe.
struct Instruments {
  explicit Instruments(metrics::Registry& registry);

  metrics::Gauge& tracked;
  metrics::Gauge& limit;
  metrics::Gauge& pending;
  metrics::Gauge& shapes;
  metrics::Gauge& queue_jobs;
  metrics::Counter& admissions;
  metrics::Counter& evictions;
  metrics::Counter& overflow;
  metrics::Counter& deferred;
  metrics::Counter& shape_evictions;
  metrics::Counter& comments_rejected;
  metrics::Counter& scanned_bytes;
  std::array<metrics::Counter*, kIdentityKindNames.size()> parses;
};

}  // namespace pgsidecar::sql
