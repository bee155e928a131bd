#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgsidecar::wire {

// What a client reads in a FATAL error of ours. Each starts with the name of the program, so that
// nobody looks for it in PostgreSQL.

/// `reasons`: of each server, `db:5432: connection refused; …`.
std::string CannotConnectText(std::string_view reasons);
/// The server is not what target_session_attrs asks for, or does not say what it is.
std::string WrongRoleText(std::string_view upstream, std::string_view wanted, bool known);
/// Drivers look for "closed the connection unexpectedly".
std::string ServerClosedText(std::string_view upstream);
std::string ServerProtocolText(std::string_view upstream);
std::string TooManyClientsText(std::uint32_t max_clients);
std::string LoginTimeoutText(std::chrono::nanoseconds timeout);
inline constexpr std::string_view kBadStartupText = "pgsidecar: malformed startup packet";
inline constexpr std::string_view kBytesBehindRequestText =
    "pgsidecar: unexpected bytes behind an encryption request";
inline constexpr std::string_view kRequestTwiceText =
    "pgsidecar: encryption was requested a second time";
inline constexpr std::string_view kBadLoginMessageText =
    "pgsidecar: malformed message during authentication";
inline constexpr std::string_view kTlsRequiredText =
    "pgsidecar: this listener accepts encrypted connections only, use sslmode=require";
inline constexpr std::string_view kPlusOnlyText =
    "pgsidecar: PostgreSQL offers SCRAM-SHA-256-PLUS only, which needs TLS from the client on";
inline constexpr std::string_view kRefusingText =
    "pgsidecar: shutting down, no new connections are accepted";
inline constexpr std::string_view kClosingText =
    "pgsidecar: shutting down, the connection is closed";

}  // namespace pgsidecar::wire
