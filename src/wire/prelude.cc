#include "wire/prelude.h"

#include "wire/failure_text.h"
#include "wire/wire_loop.h"

namespace pgsidecar::wire {
namespace {

constexpr char kTlsHandshakeRecord = 0x16;

}  // namespace

Prelude::Prelude(WireLoop& loop, UniqueFd fd, const net::SocketAddress& peer)
    : loop_(loop),
      settings_(loop.settings()),
      transport_(std::move(fd)),
      peer_(peer),
      accepted_(loop.events().Now()),
      watcher_(loop.events(), *this),
      handshake_(loop.events(), *this),
      timer_(loop.events(), [this] { OnTimeout(); }) {
  ++loop_.ledger().counters.handshakes;
}

Prelude::~Prelude() {
  Quiesce();
  --loop_.ledger().counters.handshakes;
  loop_.PreludeEnded();
}

void Prelude::Quiesce() {
  watcher_.Detach();
  handshake_.Cancel();
  timer_.Stop();
}

void Prelude::Start() {
  Watch();
  timer_.Start(settings_->options.login_timeout);
}

void Prelude::Watch() {
  watcher_.Attach(transport_.fd());
  watcher_.WatchRead(true);
  if (transport_.pending()) watcher_.Activate();
}

bool Prelude::IsDirectTls() {
  if (!bytes_.empty() || ssl_asked_ || gssenc_asked_ || transport_.encrypted()) return false;
  char first = 0;
  const net::IoResult got = transport_.Peek(&first, 1);
  return got.status == net::IoStatus::kDone && first == kTlsHandshakeRecord;
}

void Prelude::OnReadable() {
  if (may_encrypt() && IsDirectTls()) return StartTls(true);
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
    case pgwire::FirstPacketKind::kDirectTls:  // Not ours to serve, or not at the very beginning.
      loop_.shared().instruments.Reject(RejectReason::kBadStartup);
      return false;
    case pgwire::FirstPacketKind::kSslRequest:
      return AnswerRequest(ssl_asked_, may_encrypt() ? 'S' : 'N');
    case pgwire::FirstPacketKind::kGssencRequest:
      return AnswerRequest(gssenc_asked_, 'N');
    case pgwire::FirstPacketKind::kCancelRequest:
      Cancel(packet);
      return false;
    case pgwire::FirstPacketKind::kStartup:
      return StartSession(packet);
    case pgwire::FirstPacketKind::kMalformed:
      loop_.shared().instruments.ProtocolError(Side::kClient);
      Refuse("08P01", kBadStartupText, RejectReason::kBadStartup);
      return false;
  }
  return false;
}

bool Prelude::AnswerRequest(bool& asked_before, char answer) {
  constexpr std::size_t kRequestBytes = 8;
  const bool followed = bytes_.size() > kRequestBytes;
  if (followed || asked_before || transport_.encrypted()) {
    loop_.shared().instruments.ProtocolError(Side::kClient);
    Refuse("08P01", followed ? kBytesBehindRequestText : kRequestTwiceText,
           RejectReason::kBadStartup);
    return false;
  }
  asked_before = true;
  bytes_.clear();
  const net::IoResult sent = transport_.Send(std::string_view(&answer, 1));
  if (sent.status != net::IoStatus::kDone) return false;
  ++loop_.ledger().counters.sent[static_cast<std::size_t>(Side::kClient)];
  if (answer == 'S') StartTls(false);
  return true;
}

void Prelude::StartTls(bool direct) {
  watcher_.Detach();
  handshake_.StartServer(transport_.Release(), settings_->client_tls,
                         {.server_name = {}, .require_alpn = direct});
}

void Prelude::OnTlsReady(net::Transport transport) {
  transport_ = std::move(transport);
  Watch();
}

void Prelude::OnTlsFailed(const std::string& text) {
  loop_.shared().instruments.Reject(RejectReason::kTlsFailed);
  loop_.shared().LogClientTls(peer_, text);
  loop_.Retire(*this);
}

bool Prelude::StartSession(const pgwire::FirstPacket& packet) {
  const bool required = settings_->options.tls.mode == ClientTlsMode::kRequire;
  if (required && !transport_.encrypted() && !peer_.is_unix()) {
    Refuse("28000", kTlsRequiredText, RejectReason::kTlsRequired);
    return false;
  }
  watcher_.Detach();
  loop_.StartSession({.transport = std::move(transport_),
                      .peer = peer_,
                      .accepted = accepted_,
                      .bytes = std::move(bytes_),
                      .startup = packet});
  return false;
}

void Prelude::Cancel(const pgwire::FirstPacket& packet) {
  watcher_.Detach();
  const std::string key(packet.cancel_key);
  loop_.StartCancel(key, std::move(transport_));
}

void Prelude::Refuse(std::string_view sqlstate, std::string_view text, RejectReason reason) {
  watcher_.Detach();
  loop_.shared().instruments.Reject(reason);
  if (!transport_.open()) return;  // In the handshake: nothing readable can be said.
  loop_.Linger(std::move(transport_), pgwire::FatalResponse(sqlstate, text));
}

void Prelude::OnTimeout() {
  Refuse("57014", LoginTimeoutText(settings_->options.login_timeout),
         RejectReason::kHandshakeTimeout);
  loop_.Retire(*this);
}

}  // namespace pgsidecar::wire
