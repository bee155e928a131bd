#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pgsidecar::pgwire {

/// Largest first packet that PostgreSQL accepts (MAX_STARTUP_PACKET_LENGTH), its length included.
constexpr std::uint32_t kStartupPacketMax = 10'000;

enum class FirstPacketKind : std::uint8_t {
  kIncomplete,  ///< More bytes are needed.
  kDirectTls,   ///< 0x16: a TLS ClientHello, PostgreSQL 17.
  kSslRequest,
  kGssencRequest,
  kCancelRequest,
  kStartup,
  kMalformed,  ///< A length that PostgreSQL would refuse.
};

/// What a client said before anything else. PostgreSQL manual, "Message Formats": StartupMessage,
/// SSLRequest, GSSENCRequest, CancelRequest.
struct FirstPacket {
  FirstPacketKind kind = FirstPacketKind::kIncomplete;
  std::uint32_t length = 0;  ///< Of the packet in bytes, once 4 bytes are there.
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  std::string user, database, application_name;  ///< `database` defaults to `user`.
  bool replication = false;
  std::string_view cancel_key;  ///< kCancelRequest: process id and secret, as sent.
};

/// Reads the head of `bytes`. Consumes nothing; `length` says how long the packet is.
FirstPacket ParseFirstPacket(std::string_view bytes);

/// A FATAL ErrorResponse (fields S, V, C, M), ready to be sent. PostgreSQL manual, "Error and
/// Notice Message Fields". `message` starts with "pgsidecar: ".
std::string FatalResponse(std::string_view sqlstate, std::string_view message);

}  // namespace pgsidecar::pgwire
