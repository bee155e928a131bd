// Session: how it ends.
#include "wire/cancel_tunnel.h"
#include "wire/failure_text.h"
#include "wire/session.h"
#include "wire/wire_loop.h"

namespace pgsidecar::wire {
namespace {

/// How long a statement may go on after its client said that it sends nothing more.
constexpr std::chrono::seconds kPatienceAfterFin{2};

/// How long PostgreSQL may take to close an idle session whose client is gone: one that hangs must
/// not keep our descriptors.
constexpr std::chrono::seconds kPatienceForGoodbye{10};

metrics::Histogram& SessionDuration(WireInstruments& instruments, const SessionFacts& facts) {
  if (facts.pass_through) return instruments.session_pass_through;
  return facts.replication ? instruments.session_replication : instruments.session_normal;
}

}  // namespace

void Session::OnReceiveEnd(Side side, net::IoStatus status, Nanos /*now*/) {
  leg(side).SetEnded();
  UpdateReading(side);
  const bool failed = status == net::IoStatus::kFailed;
  if (side == Side::kUpstream) return OnServerGone(failed);
  if (failed) return OnClientLost();
  const bool waits = login_ != nullptr && !login_->waiting.empty();
  if (!waits) server_.Finish();
  // What an opaque session still waits for cannot be known.
  if (phase_ == Phase::kRelay && !conversation_.opaque()) {
    timer_.Start(conversation_.in_flight() ? kPatienceAfterFin : kPatienceForGoodbye);
  }
  EndIfBothEnded();
}

void Session::OnServerGone(bool failed) {
  const bool login = phase_ == Phase::kLogin;
  if (login && client_.ended()) return EndIfBothEnded();
  const bool owed = login ? !login_->login.failed() : conversation_.in_flight();
  if (owed) {
    return Fail(server_at_boundary(), "08006", ServerClosedText(target_.server->name()),
                login ? CloseReason::kLoginFailed : CloseReason::kServerLost);
  }
  if (failed || server_.broken()) return Fail(false, "", "", CloseReason::kServer);
  server_ended_first_ = !client_.ended() && !terminate_seen_;
  client_.Finish();
  EndIfBothEnded();
}

void Session::OnSendFailed(Side side) {
  if (side == Side::kClient) return OnClientLost();
  if (server_.ended()) return Fail(false, "", "", CloseReason::kServer);  // It said all it had to.
  // What the server said before it went may still be unread: its reading side tells the end.
  loop_.ledger().counters.buffered -= static_cast<std::int64_t>(server_.held().size());
  server_.DropHeld(loop_.blocks());
  UpdateReading(Side::kClient);
}

void Session::OnClientLost() {
  const bool busy = phase_ == Phase::kRelay && conversation_.in_flight();
  if (busy && options().cancel_on_disconnect) SendCancel();
  Finish(busy ? CloseReason::kClientLost : CloseReason::kClient);
}

void Session::OnTimer() {
  if (phase_ != Phase::kRelay) return OnLoginDeadline();
  if (conversation_.opaque()) return;
  if (conversation_.in_flight()) return OnClientLost();
  if (!client_.held().empty()) return timer_.Start(kPatienceForGoodbye);  // It still reads.
  Finish(CloseReason::kClient);
}

void Session::EndIfBothEnded() {
  if (phase_ == Phase::kEnded || !client_.ended() || !server_.ended()) return;
  if (!client_.held().empty()) return;
  const bool failed = phase_ == Phase::kLogin && login_->login.failed();
  if (failed) return Finish(CloseReason::kLoginFailed);
  Finish(server_ended_first_ ? CloseReason::kServer : CloseReason::kClient);
}

bool Session::server_at_boundary() const {
  if (observer_.facts().pass_through) return false;
  if (phase_ == Phase::kConnecting) return true;
  if (phase_ == Phase::kLogin) return !login_->login.failed();  // Whole messages pass only.
  return conversation_.server_at_boundary() && !conversation_.fatal_seen();
}

void Session::Terminate() {
  const pgwire::SessionState state = conversation_.state();
  if (phase_ == Phase::kRelay &&
      (state == pgwire::SessionState::kOpaque || state == pgwire::SessionState::kCopy ||
       state == pgwire::SessionState::kReplication)) {
    return Finish(CloseReason::kDrain);
  }
  if (phase_ == Phase::kRelay && conversation_.in_flight()) {
    terminating_ = true;
    SendCancel();
    return;
  }
  Fail(server_at_boundary(), "57P01", kClosingText, CloseReason::kDrain);
}

void Session::SendCancel() {
  if (observer_.cancel_key().empty()) return;
  loop_.SendCancel(observer_.cancel_key(), {settings_, target_});
}

void Session::TerminateAtBoundary() {
  if (phase_ != Phase::kRelay || conversation_.in_flight() || !server_at_boundary()) return;
  Fail(true, "57P01", kClosingText, CloseReason::kDrain);
}

void Session::Abort(CloseReason reason) { Finish(reason); }

void Session::Fail(bool at_boundary, std::string_view sqlstate, std::string_view text,
                   CloseReason reason) {
  if (phase_ == Phase::kEnded) return;
  std::string last_bytes(client_.held());
  if (at_boundary) last_bytes += pgwire::FatalResponse(sqlstate, text);
  loop_.Linger(client_.Release(), std::move(last_bytes));
  Finish(reason);
}

void Session::Finish(CloseReason reason) {
  if (phase_ == Phase::kEnded) return;
  const Nanos now = loop_.events().Now();
  const bool owed = phase_ == Phase::kRelay && conversation_.in_flight();
  const bool by_server = reason == CloseReason::kServer || reason == CloseReason::kServerLost;
  Observe([&] {
    if (by_server) {
      conversation_.CloseByServer(now);
    } else {
      conversation_.CloseByClient(now);
    }
  });
  Observe([&] { observer_.OnEnd(owed); });
  LoopCounters& counters = loop_.ledger().counters;
  if (phase_ != Phase::kRelay) --counters.handshakes;
  counters.buffered -= static_cast<std::int64_t>(client_.held().size() + server_.held().size());
  if (phase_ == Phase::kRelay && !observer_.cancel_key().empty()) {
    shared().cancels.Remove(observer_.cancel_key());
  }
  phase_ = Phase::kEnded;
  timer_.Stop();
  SetUpstream(nullptr, upstream_state_);
  if (login_ != nullptr) login_->connector.Cancel();
  for (Leg* each : {&client_, &server_}) {
    each->DropHeld(loop_.blocks());
    each->Close();
  }
  if (reason != CloseReason::kRejected) {
    WireInstruments& instruments = shared().instruments;
    instruments.closed[static_cast<std::size_t>(reason)]->Increment();
    SessionDuration(instruments, observer_.facts())
        .Observe(ToSeconds(now - observer_.facts().accepted));
  }
  loop_.EndSession(*this);
}

}  // namespace pgsidecar::wire
