#include "wire/prelude.h"

#include "wire/failure_text.h"
#include "wire/wire_loop.h"

namespace pgsidecar::wire {

Prelude::Prelude(WireLoop& loop, UniqueFd fd, const net::SocketAddress& peer)
    : loop_(loop),
      transport_(std::move(fd)),
      peer_(peer),
      accepted_(loop.events().Now()),
      watcher_(loop.events(), *this),
      timer_(loop.events(), [this] { OnTimeout(); }) {
  ++loop_.ledger().counters.handshakes;
}

Prelude::~Prelude() {
  watcher_.Detach();
  --loop_.ledger().counters.handshakes;
  loop_.PreludeEnded();
}

void Prelude::Quiesce() {
  watcher_.Detach();
  timer_.Stop();
}

void Prelude::Start() {
  watcher_.Attach(transport_.fd());
  watcher_.WatchRead(true);
  timer_.Start(loop_.shared().options.login_timeout);
}

void Prelude::OnReadable() {
  // One byte more than a packet, to notice a request that is followed by something.
  char buffer[pgwire::kStartupPacketMax + 1];
  const net::IoResult got = transport_.Receive(buffer, sizeof buffer - bytes_.size());
  if (got.status == net::IoStatus::kBlocked) return;
  if (got.status != net::IoStatus::kDone) return loop_.Retire(*this);
  loop_.ledger().counters.received[static_cast<std::size_t>(Side::kClient)] += got.bytes;
  bytes_.append(buffer, got.bytes);
  if (!Decide()) loop_.Retire(*this);
}

bool Prelude::Decide() {
  const pgwire::FirstPacket packet = pgwire::ParseFirstPacket(bytes_);
  switch (packet.kind) {
    case pgwire::FirstPacketKind::kIncomplete:
      return true;
    case pgwire::FirstPacketKind::kDirectTls:
      loop_.shared().instruments.Reject(RejectReason::kBadStartup);
      return false;
    case pgwire::FirstPacketKind::kSslRequest:
      return DeclineEncryption(ssl_declined_);
    case pgwire::FirstPacketKind::kGssencRequest:
      return DeclineEncryption(gssenc_declined_);
    case pgwire::FirstPacketKind::kCancelRequest:
      Cancel(packet);
      return false;
    case pgwire::FirstPacketKind::kStartup:
      watcher_.Detach();
      loop_.StartSession({.fd = transport_.Release(),
                          .peer = peer_,
                          .accepted = accepted_,
                          .bytes = std::move(bytes_),
                          .startup = packet});
      return false;
    case pgwire::FirstPacketKind::kMalformed:
      loop_.shared().instruments.ProtocolError(Side::kClient);
      Refuse("08P01", kBadStartupText, RejectReason::kBadStartup);
      return false;
  }
  return false;
}

bool Prelude::DeclineEncryption(bool& declined_before) {
  constexpr std::size_t kRequestBytes = 8;
  const bool followed = bytes_.size() > kRequestBytes;
  if (followed || declined_before) {
    loop_.shared().instruments.ProtocolError(Side::kClient);
    Refuse("08P01", followed ? kBytesBehindRequestText : kRequestTwiceText,
           RejectReason::kBadStartup);
    return false;
  }
  declined_before = true;
  bytes_.clear();
  const net::IoResult sent = transport_.Send("N");
  if (sent.status != net::IoStatus::kDone) return false;
  ++loop_.ledger().counters.sent[static_cast<std::size_t>(Side::kClient)];
  return true;
}

void Prelude::Cancel(const pgwire::FirstPacket& packet) {
  watcher_.Detach();
  loop_.StartCancel(bytes_.substr(0, packet.length), transport_.Release());
}

void Prelude::Refuse(std::string_view sqlstate, std::string_view text, RejectReason reason) {
  watcher_.Detach();
  loop_.shared().instruments.Reject(reason);
  loop_.Linger(transport_.Release(), pgwire::FatalResponse(sqlstate, text));
}

void Prelude::OnTimeout() {
  Refuse("57014", LoginTimeoutText(loop_.shared().options.login_timeout),
         RejectReason::kHandshakeTimeout);
  loop_.Retire(*this);
}

}  // namespace pgsidecar::wire
