#pragma once

#include <array>

#include "metrics/registry.h"

namespace pgsidecar::sql {

using metrics::Declaration;
using metrics::Type;

inline constexpr Declaration kStatementsTracked{"pgsidecar_statements_tracked", Type::kGauge, "",
                                                "Statements that have their own series."};
inline constexpr Declaration kStatementsLimit{"pgsidecar_statements_limit", Type::kGauge, "",
                                              "Statements that can have their own series."};
inline constexpr Declaration kStatementsPending{"pgsidecar_statements_pending", Type::kGauge, "",
                                                "Statement texts that wait for their identity."};
inline constexpr Declaration kStatementShapes{"pgsidecar_statement_shapes", Type::kGauge, "",
                                              "Shapes in the shape maps."};
inline constexpr Declaration kStatementQueueJobs{"pgsidecar_statement_queue_jobs", Type::kGauge, "",
                                                 "Texts in the queue of the cold worker."};
inline constexpr Declaration kStatementAdmissionsTotal{
    "pgsidecar_statement_admissions_total", Type::kCounter, "",
    "Statements that were given their own series."};
inline constexpr Declaration kStatementEvictionsTotal{"pgsidecar_statement_evictions_total",
                                                      Type::kCounter, "",
                                                      "Statements that lost their own series."};
inline constexpr Declaration kStatementOverflowTotal{"pgsidecar_statement_overflow_total",
                                                     Type::kCounter, "",
                                                     "Executions counted under \"other\"."};
inline constexpr Declaration kStatementDeferredTotal{"pgsidecar_statement_deferred_total",
                                                     Type::kCounter, "",
                                                     "Texts put off because the queue was full."};
inline constexpr Declaration kStatementShapeEvictionsTotal{
    "pgsidecar_statement_shape_evictions_total", Type::kCounter, "",
    "Shapes dropped from the shape maps."};
inline constexpr Declaration kStatementCommentsRejectedTotal{
    "pgsidecar_statement_comments_rejected_total", Type::kCounter, "",
    "Comments with a malformed hint or tag list."};
/// `kind`: fingerprint, rejected, too_long, utility, timeout.
inline constexpr Declaration kStatementParsesTotal{
    "pgsidecar_statement_parses_total", Type::kCounter, "kind", "Texts identified, by how."};
inline constexpr Declaration kStatementScannedBytesTotal{"pgsidecar_statement_scanned_bytes_total",
                                                         Type::kCounter, "", "SQL text scanned."};

inline constexpr std::array kSqlMetrics{kStatementsTracked,
                                        kStatementsLimit,
                                        kStatementsPending,
                                        kStatementShapes,
                                        kStatementQueueJobs,
                                        kStatementAdmissionsTotal,
                                        kStatementEvictionsTotal,
                                        kStatementOverflowTotal,
                                        kStatementDeferredTotal,
                                        kStatementShapeEvictionsTotal,
                                        kStatementCommentsRejectedTotal,
                                        kStatementParsesTotal,
                                        kStatementScannedBytesTotal};

}  // namespace pgsidecar::sql
