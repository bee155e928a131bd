#pragma once

#include <array>

#include "metrics/registry.h"

namespace pgsidecar::metrics {

inline constexpr Declaration kStatementDurationSeconds{
    "pgsidecar_statement_duration_seconds", Type::kHistogram, "datname,operation,fingerprint",
    "As the query duration, by statement; those without series of their own are in \"other\".",
    Buckets::kS};
inline constexpr Declaration kStatementErrorsTotal{
    "pgsidecar_statement_errors_total", Type::kCounter, "datname,operation,fingerprint",
    "Executions of a statement that ended with an error."};
inline constexpr Declaration kStatementSlowTotal{
    "pgsidecar_statement_slow_total", Type::kCounter, "datname,operation,fingerprint",
    "Executions of a statement that were slower than the slow query threshold."};
inline constexpr Declaration kStatementLastSlowTimestampSeconds{
    "pgsidecar_statement_last_slow_timestamp_seconds", Type::kGauge,
    "datname,operation,fingerprint",
    "Unix time of the last slow execution; absent until there was one."};
inline constexpr Declaration kStatementLastSlowDurationSeconds{
    "pgsidecar_statement_last_slow_duration_seconds", Type::kGauge, "datname,operation,fingerprint",
    "Duration of the last slow execution; absent until there was one."};
inline constexpr Declaration kStatementInfo{"pgsidecar_statement_info", Type::kInfo,
                                            "fingerprint,operation,summary,query",
                                            "Sanitised, truncated text of a statement."};

inline constexpr std::array kStatementMetrics{kStatementDurationSeconds,
                                              kStatementErrorsTotal,
                                              kStatementSlowTotal,
                                              kStatementLastSlowTimestampSeconds,
                                              kStatementLastSlowDurationSeconds,
                                              kStatementInfo};

}  // namespace pgsidecar::metrics
