#pragma once

#include <array>

#include "metrics/registry.h"

namespace pgsidecar::metrics {

inline constexpr Declaration kQueryDurationSeconds{
    "pgsidecar_query_duration_seconds", Type::kHistogram, "datname,command",
    "Time from receiving a statement until PostgreSQL completed it, successful or not.",
    Buckets::kQ};
inline constexpr Declaration kQueryFirstReplySeconds{
    "pgsidecar_query_first_reply_seconds", Type::kHistogram, "datname",
    "Time from receiving a statement until the first byte of its reply arrived.", Buckets::kQ};
inline constexpr Declaration kQueryClientStallSecondsTotal{
    "pgsidecar_query_client_stall_seconds_total", Type::kCounter, "datname",
    "Time statements waited because the client did not read its results."};
inline constexpr Declaration kTransactionIdleSecondsTotal{
    "pgsidecar_transaction_idle_seconds_total", Type::kCounter, "datname",
    "Time transaction blocks were open while no statement ran."};
inline constexpr Declaration kQuerySuccessesTotal{"pgsidecar_query_successes_total", Type::kCounter,
                                                  "datname,command",
                                                  "Statements that completed without an error."};
inline constexpr Declaration kSlowQueriesTotal{
    "pgsidecar_slow_queries_total", Type::kCounter, "datname,command",
    "Statements that took longer than the slow query threshold."};
inline constexpr Declaration kQueryErrorsTotal{
    "pgsidecar_query_errors_total", Type::kCounter, "datname,command,error_class",
    "Statements that ended with an error or lost their connection."};
inline constexpr Declaration kQuerySqlstateErrorsTotal{
    "pgsidecar_query_sqlstate_errors_total", Type::kCounter, "datname,sqlstate",
    "Errors by SQLSTATE; at most 64 codes, then \"other\"."};
inline constexpr Declaration kRowsReturnedTotal{"pgsidecar_rows_returned_total", Type::kCounter,
                                                "datname",
                                                "Rows sent to clients, COPY TO included."};
inline constexpr Declaration kRowsAffectedTotal{
    "pgsidecar_rows_affected_total", Type::kCounter, "datname",
    "Rows inserted, updated, deleted or merged, COPY FROM included."};
inline constexpr Declaration kParseMessagesTotal{"pgsidecar_parse_messages_total", Type::kCounter,
                                                 "datname", "Parse messages sent by clients."};
inline constexpr Declaration kQueriesInFlight{"pgsidecar_queries_in_flight", Type::kGauge,
                                              "datname",
                                              "Statements sent to PostgreSQL and not completed."};
inline constexpr Declaration kRunningSlowQueries{
    "pgsidecar_running_slow_queries", Type::kGauge, "datname",
    "Statements running now for longer than the slow query threshold."};
inline constexpr Declaration kQueriesAbortedTotal{
    "pgsidecar_queries_aborted_total", Type::kCounter, "datname",
    "Statements PostgreSQL skipped because an earlier one of the same pipeline failed."};
inline constexpr Declaration kQueriesAbandonedTotal{"pgsidecar_queries_abandoned_total",
                                                    Type::kCounter, "datname",
                                                    "Statements whose end pgsidecar did not see."};
inline constexpr Declaration kSlowGroupsTotal{
    "pgsidecar_slow_groups_total", Type::kCounter, "datname",
    "Groups answered in one piece that were slow together while no statement alone was."};
inline constexpr Declaration kTransactionRollbacksTotal{
    "pgsidecar_transaction_rollbacks_total", Type::kCounter, "datname",
    "Transaction blocks that ended with a rollback."};
inline constexpr Declaration kTransactionDurationSeconds{
    "pgsidecar_transaction_duration_seconds", Type::kHistogram, "datname",
    "Time from the start of a transaction block to its end.", Buckets::kL};
inline constexpr Declaration kSlowQueryThresholdSeconds{
    "pgsidecar_slow_query_threshold_seconds", Type::kGauge, "", "Configured slow query threshold."};
inline constexpr Declaration kOldestRunningQueryStartTimestampSeconds{
    "pgsidecar_oldest_running_query_start_timestamp_seconds", Type::kGauge, "datname",
    "Unix time at which the oldest running statement started, 0 if none runs."};
inline constexpr Declaration kOldestTransactionStartTimestampSeconds{
    "pgsidecar_oldest_transaction_start_timestamp_seconds", Type::kGauge, "datname",
    "Unix time at which the oldest open transaction block started, 0 if none is open."};

inline constexpr std::array kQueryMetrics{kQueryDurationSeconds,
                                          kQueryFirstReplySeconds,
                                          kQueryClientStallSecondsTotal,
                                          kTransactionIdleSecondsTotal,
                                          kQuerySuccessesTotal,
                                          kSlowQueriesTotal,
                                          kQueryErrorsTotal,
                                          kQuerySqlstateErrorsTotal,
                                          kRowsReturnedTotal,
                                          kRowsAffectedTotal,
                                          kParseMessagesTotal,
                                          kQueriesInFlight,
                                          kRunningSlowQueries,
                                          kQueriesAbortedTotal,
                                          kQueriesAbandonedTotal,
                                          kSlowGroupsTotal,
                                          kTransactionRollbacksTotal,
                                          kTransactionDurationSeconds,
                                          kSlowQueryThresholdSeconds,
                                          kOldestRunningQueryStartTimestampSeconds,
                                          kOldestTransactionStartTimestampSeconds};

}  // namespace pgsidecar::metrics
