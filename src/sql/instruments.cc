#include "sql/instruments.h"

namespace pgsidecar::sql {

Instruments::Instruments(metrics::Registry& registry)
    : tracked(registry.AddGauge(kStatementsTracked)),
      limit(registry.AddGauge(kStatementsLimit)),
      pending(registry.AddGauge(kStatementsPending)),
      shapes(registry.AddGauge(kStatementShapes)),
      queue_jobs(registry.AddGauge(kStatementQueueJobs)),
      admissions(registry.AddCounter(kStatementAdmissionsTotal)),
      evictions(registry.AddCounter(kStatementEvictionsTotal)),
      overflow(registry.AddCounter(kStatementOverflowTotal)),
      deferred(registry.AddCounter(kStatementDeferredTotal)),
      shape_evictions(registry.AddCounter(kStatementShapeEvictionsTotal)),
      comments_rejected(registry.AddCounter(kStatementCommentsRejectedTotal)),
      scanned_bytes(registry.AddCounter(kStatementScannedBytesTotal)),
      parses() {
  for (std::size_t i = 0; i < parses.size(); ++i) {
    parses[i] = &registry.AddCounter(kStatementParsesTotal, {kIdentityKindNames[i]});
  }
}

}  // namespace pgsidecar::sql
