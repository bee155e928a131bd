// The first packet: what is malformed or complete is so however much of it has arrived, and every
// value is a piece of the packet.
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "pgwire/startup.h"

namespace {

using pgsidecar::fuzz::Require;
using pgsidecar::pgwire::FirstPacket;
using pgsidecar::pgwire::FirstPacketKind;

bool Same(const FirstPacket& a, const FirstPacket& b) {
  return a.kind == b.kind && a.length == b.length && a.major == b.major && a.minor == b.minor &&
         a.user == b.user && a.database == b.database && a.application_name == b.application_name &&
         a.replication == b.replication && a.cancel_key == b.cancel_key;
}

void CheckContent(const FirstPacket& packet, std::string_view bytes) {
  switch (packet.kind) {
    case FirstPacketKind::kIncomplete:
    case FirstPacketKind::kDirectTls:
    case FirstPacketKind::kMalformed:
      return;
    case FirstPacketKind::kSslRequest:
    case FirstPacketKind::kGssencRequest:
      return Require(packet.length == 8);
    case FirstPacketKind::kCancelRequest:
      return Require(packet.cancel_key.size() >= 8 && packet.cancel_key.size() <= 260);
    case FirstPacketKind::kStartup:
      break;
  }
  Require(packet.length >= 8 && packet.length <= bytes.size());
  Require(packet.length <= pgsidecar::pgwire::kStartupPacketMax);
  const std::string_view body = bytes.substr(8, packet.length - 8);
  for (const std::string& value : {packet.user, packet.database, packet.application_name}) {
    Require(value.find('\0') == std::string::npos && body.find(value) != std::string_view::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = pgsidecar::fuzz::Text(data, size);
  const FirstPacket whole = pgsidecar::pgwire::ParseFirstPacket(bytes);
  CheckContent(whole, bytes);
  bool decided = false;
  for (std::size_t cut = 0; cut < size; ++cut) {
    const FirstPacket part = pgsidecar::pgwire::ParseFirstPacket(bytes.substr(0, cut));
    const bool incomplete = part.kind == FirstPacketKind::kIncomplete;
    Require(incomplete ? !decided : Same(part, whole));
    decided = !incomplete;
  }
  return 0;
}
