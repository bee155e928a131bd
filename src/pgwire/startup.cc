#include "pgwire/startup.h"

#include "pgwire/bytes.h"

namespace pgsidecar::pgwire {
namespace {

// Request codes sit where the protocol version would be: 1234 in the high half.
constexpr std::uint32_t kCancelCode = 1234U << 16 | 5678;
constexpr std::uint32_t kSslCode = 1234U << 16 | 5679;
constexpr std::uint32_t kGssencCode = 1234U << 16 | 5680;

constexpr std::uint32_t kCancelHeaderBytes = 12;  // length, code, process id
constexpr std::uint32_t kCancelSecretMax = 256;   // protocol 3.2

bool IsTrue(std::string_view value) {
  return !(value.empty() || value == "0" || value == "false" || value == "off" || value == "no" ||
           value == "f" || value == "n");
}

void ReadParameters(std::string_view body, FirstPacket& packet) {
  while (!body.empty() && body.front() != '\0') {
    const std::string_view name = TakeString(body);
    const std::string_view value = TakeString(body);
    if (name == "user") packet.user = value;
    if (name == "database") packet.database = value;
    if (name == "application_name") packet.application_name = value;
    if (name == "replication") packet.replication = IsTrue(value);
  }
  if (packet.database.empty()) packet.database = packet.user;
}

FirstPacketKind KindOfRequest(std::uint32_t code, std::uint32_t length) {
  switch (code) {
    case kSslCode:
      return length == 8 ? FirstPacketKind::kSslRequest : FirstPacketKind::kMalformed;
    case kGssencCode:
      return length == 8 ? FirstPacketKind::kGssencRequest : FirstPacketKind::kMalformed;
    case kCancelCode: {
      const bool fits =
          length >= kCancelHeaderBytes + 4 && length <= kCancelHeaderBytes + kCancelSecretMax;
      return fits ? FirstPacketKind::kCancelRequest : FirstPacketKind::kMalformed;
    }
    default:
      return FirstPacketKind::kStartup;
  }
}

void AppendField(std::string& out, char code, std::string_view value) {
  out += code;
  out += value;
  out += '\0';
}

}  // namespace

FirstPacket ParseFirstPacket(std::string_view bytes) {
  FirstPacket packet;
  if (bytes.empty()) return packet;
  if (bytes[0] == 0x16) {
    packet.kind = FirstPacketKind::kDirectTls;
    return packet;
  }
  if (bytes.size() < 4) return packet;
  packet.length = ReadUint32(bytes.data());
  if (packet.length < 8 || packet.length > kStartupPacketMax) {
    packet.kind = FirstPacketKind::kMalformed;
    return packet;
  }
  if (bytes.size() < packet.length) return packet;

  const std::uint32_t code = ReadUint32(bytes.data() + 4);
  packet.kind = KindOfRequest(code, packet.length);
  if (packet.kind == FirstPacketKind::kCancelRequest) {
    packet.cancel_key = bytes.substr(8, packet.length - 8);
  }
  if (packet.kind == FirstPacketKind::kStartup) {
    packet.major = static_cast<std::uint16_t>(code >> 16);
    packet.minor = static_cast<std::uint16_t>(code & 0xFFFF);
    if (packet.major == 3) ReadParameters(bytes.substr(8, packet.length - 8), packet);
  }
  return packet;
}

std::string FatalResponse(std::string_view sqlstate, std::string_view message) {
  std::string fields;
  AppendField(fields, 'S', "FATAL");
  AppendField(fields, 'V', "FATAL");
  AppendField(fields, 'C', sqlstate);
  AppendField(fields, 'M', message);
  fields += '\0';
  const auto length = static_cast<std::uint32_t>(fields.size() + 4);
  std::string out = "E";
  AppendUint32(out, length);
  return out + fields;
}

}  // namespace pgsidecar::pgwire
