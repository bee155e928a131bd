#pragma once

#include <array>

#include "metrics/registry.h"

namespace pgsidecar::executor {

using metrics::Buckets;
using metrics::Declaration;
using metrics::Type;

inline constexpr Declaration kOperationDurationSeconds{
    "pgsidecar_operation_duration_seconds", Type::kHistogram, "operation",
    "Time from the call of a named operation to its answer, cache and pool wait included.",
    Buckets::kS};
inline constexpr Declaration kOperationErrorsTotal{"pgsidecar_operation_errors_total",
                                                   Type::kCounter, "operation",
                                                   "Calls of a named operation that failed."};
inline constexpr Declaration kOperationCacheHitsTotal{
    "pgsidecar_operation_cache_hits_total", Type::kCounter, "operation",
    "Calls of a named operation answered from the cache."};
inline constexpr Declaration kOperationRetriesTotal{"pgsidecar_operation_retries_total",
                                                    Type::kCounter, "operation",
                                                    "Retries of a named operation."};
inline constexpr Declaration kOperationsInFlight{"pgsidecar_operations_in_flight", Type::kGauge, "",
                                                 "Calls of named operations in progress."};
inline constexpr Declaration kPoolConnections{"pgsidecar_pool_connections", Type::kGauge,
                                              "pool,state",
                                              "Pooled PostgreSQL connections by state."};
inline constexpr Declaration kPoolConnectionsMax{"pgsidecar_pool_connections_max", Type::kGauge,
                                                 "pool",
                                                 "Configured maximum of pooled connections."};
inline constexpr Declaration kPoolPendingRequests{"pgsidecar_pool_pending_requests", Type::kGauge,
                                                  "pool",
                                                  "Requests waiting for a pooled connection."};
inline constexpr Declaration kPoolWaitDurationSeconds{
    "pgsidecar_pool_wait_duration_seconds", Type::kHistogram, "pool",
    "Time a request waited for a pooled connection.", Buckets::kS};
inline constexpr Declaration kPoolConnectionCreateDurationSeconds{
    "pgsidecar_pool_connection_create_duration_seconds", Type::kHistogram, "pool",
    "Time to open a pooled connection.", Buckets::kS};
inline constexpr Declaration kPoolConnectionUseDurationSeconds{
    "pgsidecar_pool_connection_use_duration_seconds", Type::kHistogram, "pool",
    "Time a pooled connection was borrowed.", Buckets::kS};
inline constexpr Declaration kPoolTimeoutsTotal{
    "pgsidecar_pool_timeouts_total", Type::kCounter, "pool",
    "Requests that gave up waiting for a pooled connection."};
inline constexpr Declaration kPoolConnectionErrorsTotal{
    "pgsidecar_pool_connection_errors_total", Type::kCounter, "pool",
    "Attempts to open a pooled connection that failed."};
inline constexpr Declaration kPoolConnectionsClosedTotal{"pgsidecar_pool_connections_closed_total",
                                                         Type::kCounter, "pool,reason",
                                                         "Pooled connections closed."};

inline constexpr std::array kExecutorMetrics{kOperationDurationSeconds,
                                             kOperationErrorsTotal,
                                             kOperationCacheHitsTotal,
                                             kOperationRetriesTotal,
                                             kOperationsInFlight,
                                             kPoolConnections,
                                             kPoolConnectionsMax,
                                             kPoolPendingRequests,
                                             kPoolWaitDurationSeconds,
                                             kPoolConnectionCreateDurationSeconds,
                                             kPoolConnectionUseDurationSeconds,
                                             kPoolTimeoutsTotal,
                                             kPoolConnectionErrorsTotal,
                                             kPoolConnectionsClosedTotal};

}  // namespace pgsidecar::executor
