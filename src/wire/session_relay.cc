// Session: the hot path. Forward first, account second.
#include "wire/session.h"
#include "wire/wire_loop.h"

namespace pgsidecar::wire {
namespace {

/// After this many full windows the next session has its turn.
constexpr int kWindowsPerWakeUp = 4;

/// Terminate, which clients send alone (PostgreSQL manual, "Message Formats").
constexpr std::string_view kTerminate("X\0\0\0\4", 5);

}  // namespace

void Session::OnReadable(Side side) {
  Leg& from = leg(side);
  for (int i = 0; i < kWindowsPerWakeUp; ++i) {
    Block& window = loop_.window();
    const net::IoResult got = from.Receive(window);
    if (got.status == net::IoStatus::kBlocked) return from.AwaitTls();
    const Nanos now = loop_.events().Now();
    if (got.status != net::IoStatus::kDone) return OnReceiveEnd(side, got.status, now);
    loop_.ledger().counters.received[static_cast<std::size_t>(side)] += got.bytes;
    const std::string_view bytes(window.data(), got.bytes);
    if (phase_ == Phase::kRelay) {
      Relay(side, bytes, now);
    } else if (side == Side::kClient) {
      LoginFromClient(bytes, now);
    } else {
      LoginFromServer(bytes, now);
    }
    // A window that was not filled emptied the socket; and what came may have ended the session
    // or stopped the reading.
    if (got.bytes < window.size() || !from.watcher().reading()) return;
  }
  from.Announce();
}

void Session::Relay(Side from, std::string_view bytes, Nanos now) {
  // Whoever was told that a write is done must not read an older answer from a cache of ours.
  const bool account_first = from == Side::kUpstream && observer_.watches_writes();
  if (account_first) Account(from, bytes, now);
  const bool forwarded = Forward(Other(from), bytes, now);
  SampleOverhead(from, now);
  if (!account_first) Account(from, bytes, now);
  if (from == Side::kClient) terminate_seen_ = bytes.ends_with(kTerminate);
  if (!forwarded) return OnSendFailed(Other(from));
  if (terminating_ && from == Side::kUpstream) TerminateAtBoundary();
}

bool Session::Forward(Side to, std::string_view bytes, Nanos now) {
  Leg& target = leg(to);
  const std::size_t sent = target.Send(bytes);
  loop_.ledger().counters.sent[static_cast<std::size_t>(to)] += sent;
  if (sent == bytes.size()) return true;
  if (target.broken()) return false;
  target.Hold(bytes.substr(sent), loop_.blocks());
  loop_.ledger().counters.buffered += static_cast<std::int64_t>(bytes.size() - sent);
  progress_at_ = now;
  if (to == Side::kClient) blocked_since_ = now;
  UpdateReading(Other(to));
  loop_.Watch(*this);
  return true;
}

void Session::Account(Side from, std::string_view bytes, Nanos now) {
  Observe([&] {
    if (from == Side::kClient) {
      conversation_.FeedClient(bytes, now);
    } else {
      conversation_.FeedServer(bytes, now);
    }
  });
  loop_.Watch(*this);
}

void Session::SampleOverhead(Side from, Nanos now) {
  if (from == Side::kClient) {
    if (!loop_.TakesSample()) return;
    sampling_ = true;
    sampled_ = loop_.events().Now() - now;
  } else if (sampling_) {
    sampling_ = false;
    loop_.ledger().overhead.Observe(ToSeconds(sampled_ + loop_.events().Now() - now));
  }
}

void Session::OnWritable(Side side) {
  Leg& target = leg(side);
  const std::size_t sent = target.Flush(loop_.blocks());
  loop_.ledger().counters.sent[static_cast<std::size_t>(side)] += sent;
  loop_.ledger().counters.buffered -= static_cast<std::int64_t>(sent);
  if (target.broken()) return OnSendFailed(side);
  const Nanos now = loop_.events().Now();
  if (sent > 0) progress_at_ = now;
  if (!target.held().empty()) return;
  if (side == Side::kClient) conversation_.AddStall(now - blocked_since_);
  UpdateReading(Other(side));
  if (side == Side::kUpstream) SendWaiting(now);
  EndIfBothEnded();
}

void Session::UpdateReading(Side side) {
  const Leg& from = leg(side);
  const Leg& to = leg(Other(side));
  const bool waits = side == Side::kClient && login_ != nullptr && !login_->waiting.empty();
  const bool on = !from.ended() && !to.broken() && to.held().empty() && !waits;
  leg(side).WatchRead(on && phase_ != Phase::kConnecting && phase_ != Phase::kEnded);
}

}  // namespace pgsidecar::wire
