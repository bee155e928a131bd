#pragma once

#include <array>

#include "metrics/registry.h"

namespace pgsidecar::wire {

using metrics::Buckets;
using metrics::Declaration;
using metrics::Type;

inline constexpr Declaration kClientConnections{"pgsidecar_client_connections", Type::kGauge,
                                                "datname,state",
                                                "Authenticated client connections by state."};
inline constexpr Declaration kClientConnectionsMax{
    "pgsidecar_client_connections_max", Type::kGauge, "",
    "Client connections that are accepted at the same time."};
inline constexpr Declaration kClientHandshakesInProgress{
    "pgsidecar_client_handshakes_in_progress", Type::kGauge, "",
    "Client connections that have not finished authentication."};
inline constexpr Declaration kClientConnectionsAcceptedTotal{
    "pgsidecar_client_connections_accepted_total", Type::kCounter, "",
    "Client connections accepted."};
inline constexpr Declaration kClientConnectionsRejectedTotal{
    "pgsidecar_client_connections_rejected_total", Type::kCounter, "reason",
    "Client connections refused by pgsidecar."};
inline constexpr Declaration kClientSessionsClosedTotal{
    "pgsidecar_client_sessions_closed_total", Type::kCounter, "reason",
    "Client sessions ended, by who or what ended them."};
inline constexpr Declaration kClientSessionDurationSeconds{
    "pgsidecar_client_session_duration_seconds", Type::kHistogram, "class",
    "Time from accept to the end of a session.", Buckets::kL};
inline constexpr Declaration kClientLoginFailuresTotal{
    "pgsidecar_client_login_failures_total", Type::kCounter, "sqlstate", "Logins that failed."};
inline constexpr Declaration kClientIdleErrorsTotal{
    "pgsidecar_client_idle_errors_total", Type::kCounter, "sqlstate",
    "Errors that reached a session while no statement ran."};
inline constexpr Declaration kClientReceivedBytesTotal{
    "pgsidecar_client_received_bytes_total", Type::kCounter, "", "Bytes read from clients."};
inline constexpr Declaration kClientSentBytesTotal{"pgsidecar_client_sent_bytes_total",
                                                   Type::kCounter, "", "Bytes written to clients."};
inline constexpr Declaration kUpstreamReceivedBytesTotal{
    "pgsidecar_upstream_received_bytes_total", Type::kCounter, "", "Bytes read from PostgreSQL."};
inline constexpr Declaration kUpstreamSentBytesTotal{
    "pgsidecar_upstream_sent_bytes_total", Type::kCounter, "", "Bytes written to PostgreSQL."};
inline constexpr Declaration kReplicationSentBytesTotal{
    "pgsidecar_replication_sent_bytes_total", Type::kCounter, "",
    "Replication stream bytes sent to clients."};
inline constexpr Declaration kUpstreamUp{
    "pgsidecar_upstream_up", Type::kGauge, "upstream",
    "Whether the last connection attempt or probe of this PostgreSQL server succeeded."};
inline constexpr Declaration kUpstreamIsPrimary{
    "pgsidecar_upstream_is_primary", Type::kGauge, "upstream",
    "Whether this PostgreSQL server was last seen accepting writes."};
inline constexpr Declaration kUpstreamFailoversTotal{
    "pgsidecar_upstream_failovers_total", Type::kCounter, "",
    "Changes of the PostgreSQL server that receives new connections."};
inline constexpr Declaration kScramPlusStrippedTotal{
    "pgsidecar_scram_plus_stripped_total", Type::kCounter, "",
    "Authentication offers from which SCRAM-SHA-256-PLUS was removed."};
inline constexpr Declaration kScramBindingFailuresTotal{
    "pgsidecar_scram_binding_failures_total", Type::kCounter, "",
    "Logins refused by PostgreSQL while a client was bound to the certificate of pgsidecar."};
inline constexpr Declaration kTlsCertificateNotAfter{
    "pgsidecar_tls_certificate_not_after_timestamp_seconds", Type::kGauge, "leg",
    "Unix time at which the TLS certificate of a leg expires."};
inline constexpr Declaration kUpstreamInfo{"pgsidecar_upstream_info", Type::kInfo,
                                           "upstream,server_version",
                                           "PostgreSQL server behind pgsidecar."};
inline constexpr Declaration kUpstreamConnections{
    "pgsidecar_upstream_connections", Type::kGauge, "upstream,state",
    "Connections of the wire front to PostgreSQL by state."};
inline constexpr Declaration kUpstreamConnectDurationSeconds{
    "pgsidecar_upstream_connect_duration_seconds", Type::kHistogram, "upstream",
    "Time to reach an authenticated connection to PostgreSQL.", Buckets::kS};
inline constexpr Declaration kUpstreamConnectErrorsTotal{
    "pgsidecar_upstream_connect_errors_total", Type::kCounter, "upstream,reason",
    "Attempts to connect to PostgreSQL that failed."};
inline constexpr Declaration kPortalOverflowsTotal{
    "pgsidecar_portal_overflows_total", Type::kCounter, "",
    "Suspended portals counted in parts because a session held too many."};
inline constexpr Declaration kRelayBufferedBytes{
    "pgsidecar_relay_buffered_bytes", Type::kGauge, "",
    "Bytes read from one side and not yet written to the other."};
inline constexpr Declaration kWireOverheadSeconds{
    "pgsidecar_wire_overhead_seconds", Type::kHistogram, "",
    "Time a statement spent inside pgsidecar, both directions; one statement in 16 is measured.",
    Buckets::kO};
inline constexpr Declaration kPreparedStatements{
    "pgsidecar_prepared_statements", Type::kGauge, "",
    "Named prepared statements open in client sessions."};
inline constexpr Declaration kCopyDurationSeconds{
    "pgsidecar_copy_duration_seconds", Type::kHistogram, "datname,direction",
    "Time from the start to the end of a COPY.", Buckets::kL};
inline constexpr Declaration kCopyErrorsTotal{"pgsidecar_copy_errors_total", Type::kCounter,
                                              "datname,direction",
                                              "COPY operations that ended with an error."};
inline constexpr Declaration kCopyInBytesTotal{"pgsidecar_copy_in_bytes_total", Type::kCounter,
                                               "datname", "COPY data received from clients."};
inline constexpr Declaration kCopyOutBytesTotal{"pgsidecar_copy_out_bytes_total", Type::kCounter,
                                                "datname", "COPY data sent to clients."};
inline constexpr Declaration kReplicationSessionsTotal{
    "pgsidecar_replication_sessions_total", Type::kCounter, "", "Replication sessions started."};
inline constexpr Declaration kCancelRequestsTotal{"pgsidecar_cancel_requests_total", Type::kCounter,
                                                  "", "Cancel requests received from clients."};
inline constexpr Declaration kNotificationsTotal{"pgsidecar_notifications_total", Type::kCounter,
                                                 "",
                                                 "Asynchronous notifications relayed to clients."};
inline constexpr Declaration kCancelRequestFailuresTotal{
    "pgsidecar_cancel_request_failures_total", Type::kCounter, "reason",
    "Cancel requests that did not reach PostgreSQL."};
inline constexpr Declaration kOpaqueSessionsTotal{
    "pgsidecar_opaque_sessions_total", Type::kCounter, "reason",
    "Sessions that are relayed without being decoded any more."};
inline constexpr Declaration kNoticesTotal{"pgsidecar_notices_total", Type::kCounter, "level",
                                           "Notices relayed to clients."};
inline constexpr Declaration kProtocolErrorsTotal{"pgsidecar_protocol_errors_total", Type::kCounter,
                                                  "side",
                                                  "Protocol violations that closed a session."};
inline constexpr Declaration kLoopBusySecondsTotal{
    "pgsidecar_loop_busy_seconds_total", Type::kCounter, "loop",
    "Time an event loop was not waiting for events."};
inline constexpr Declaration kLoopPassDurationSeconds{
    "pgsidecar_loop_pass_duration_seconds", Type::kHistogram, "",
    "Time of one pass of an event loop.", Buckets::kO};

inline constexpr std::array kWireMetrics{
    kClientConnections,
    kClientConnectionsMax,
    kClientHandshakesInProgress,
    kClientConnectionsAcceptedTotal,
    kClientConnectionsRejectedTotal,
    kClientSessionsClosedTotal,
    kClientSessionDurationSeconds,
    kClientLoginFailuresTotal,
    kClientIdleErrorsTotal,
    kClientReceivedBytesTotal,
    kClientSentBytesTotal,
    kUpstreamReceivedBytesTotal,
    kUpstreamSentBytesTotal,
    kReplicationSentBytesTotal,
    kUpstreamUp,
    kUpstreamIsPrimary,
    kUpstreamFailoversTotal,
    kScramPlusStrippedTotal,
    kScramBindingFailuresTotal,
    kTlsCertificateNotAfter,
    kUpstreamInfo,
    kUpstreamConnections,
    kUpstreamConnectDurationSeconds,
    kUpstreamConnectErrorsTotal,
    kPortalOverflowsTotal,
    kRelayBufferedBytes,
    kWireOverheadSeconds,
    kPreparedStatements,
    kCopyDurationSeconds,
    kCopyErrorsTotal,
    kCopyInBytesTotal,
    kCopyOutBytesTotal,
    kReplicationSessionsTotal,
    kCancelRequestsTotal,
    kNotificationsTotal,
    kCancelRequestFailuresTotal,
    kOpaqueSessionsTotal,
    kNoticesTotal,
    kProtocolErrorsTotal,
    kLoopBusySecondsTotal,
    kLoopPassDurationSeconds,
};

}  // namespace pgsidecar::wire
