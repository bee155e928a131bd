// Session: from the StartupMessage to the first ReadyForQuery.
#include "wire/failure_text.h"
#include "wire/session.h"
#include "wire/wire_loop.h"

namespace pgsidecar::wire {

void Session::OnConnected(UniqueFd fd) {
  const Nanos now = loop_.events().Now();
  shared().upstream.OnConnected(now);
  if (!shared().options.upstream.any_unix()) net::TuneTcp(fd.get(), {});
  server_.Attach(std::move(fd));
  SetUpstreamState(UpstreamState::kAuthenticating);
  phase_ = Phase::kLogin;
  if (!Forward(Side::kUpstream, login_->startup, now)) return OnSendFailed(Side::kUpstream);
  login_->startup.clear();
  UpdateReading(Side::kUpstream);
  if (!login_->decoded) {
    conversation_.MakeOpaque(pgwire::OpaqueReason::kProtocolMajor);
    return OnLoginReady(now);
  }
  SendWaiting(now);
}

void Session::OnConnectFailed(net::ConnectFailure reason, const std::string& text) {
  shared().upstream.OnFailed(loop_.events().Now(), reason, text);
  shared().instruments.connect_errors[static_cast<std::size_t>(reason)]->Increment();
  shared().instruments.Reject(RejectReason::kUpstreamDown);
  Fail(true, "08001", CannotConnectText(shared().upstream_name, text), CloseReason::kRejected);
}

void Session::OnLoginDeadline() {
  if (observer_.login_failed()) return Finish(CloseReason::kLoginFailed);
  shared().instruments.Reject(RejectReason::kHandshakeTimeout);
  Fail(server_at_boundary(), "57014", LoginTimeoutText(shared().options.login_timeout),
       CloseReason::kRejected);
}

void Session::LoginFromServer(std::string_view bytes, Nanos now) {
  const bool at_boundary = login_->login.at_boundary();
  const pgwire::Login::Progress progress = login_->login.Feed(bytes);
  if (progress.state == pgwire::LoginState::kRefused) {
    return RefuseLogin(Side::kUpstream, ServerProtocolText(shared().upstream_name), at_boundary);
  }
  if (login_->login.authenticated() && !login_->authenticated) {
    login_->authenticated = true;
    shared().instruments.connect_duration.Observe(ToSeconds(now - login_->connect_start));
  }
  if (!Forward(Side::kClient, bytes, now)) return OnSendFailed(Side::kClient);
  if (progress.state != pgwire::LoginState::kReady) return;
  observer_.OnReady();
  conversation_.LoginDone(login_->login.ready_status(), now);
  if (progress.consumed < bytes.size()) {
    Account(Side::kUpstream, bytes.substr(progress.consumed), now);
  }
  OnLoginReady(now);
}

void Session::OnLoginReady(Nanos now) {
  phase_ = Phase::kRelay;
  --loop_.ledger().counters.handshakes;
  SetUpstreamState(UpstreamState::kReady);
  timer_.Stop();
  loop_.Watch(*this);
  SendWaiting(now);
}

void Session::LoginFromClient(std::string_view bytes, Nanos now) {
  login_->waiting.append(bytes);
  SendWaiting(now);
}

void Session::SendWaiting(Nanos now) {
  if (login_ == nullptr || !server_.held().empty()) return;
  std::string waiting = std::move(login_->waiting);
  login_->waiting.clear();
  if (phase_ == Phase::kRelay) {
    login_.reset();
    UpdateReading(Side::kClient);
    if (!waiting.empty()) Relay(Side::kClient, waiting, now);
    if (client_.ended()) server_.Finish();
    return;
  }
  const LoginGate::Answer answer = login_->gate.Feed(waiting);
  if (answer.refused) {
    return RefuseLogin(Side::kClient, kBadLoginMessageText, server_at_boundary());
  }
  login_->waiting = waiting.substr(answer.passed);
  UpdateReading(Side::kClient);
  const std::string_view passed = std::string_view(waiting).substr(0, answer.passed);
  if (passed.empty()) return;
  Account(Side::kClient, passed, now);
  if (!Forward(Side::kUpstream, passed, now)) OnSendFailed(Side::kUpstream);
}

void Session::RefuseLogin(Side side, std::string_view text, bool at_boundary) {
  shared().instruments.ProtocolError(side);
  Fail(at_boundary, "08P01", text, CloseReason::kProtocolError);
}

}  // namespace pgsidecar::wire
