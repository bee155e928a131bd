// Session: from the StartupMessage to the first ReadyForQuery.
#include "wire/failure_text.h"
#include "wire/session.h"
#include "wire/wire_loop.h"

namespace pgsidecar::wire {
namespace {

/// What PostgreSQL answers when a client is bound to another certificate than its own.
constexpr std::string_view kInvalidAuthorization = "28000";

}  // namespace

void Session::LoginHooks::OnAuthenticationOk() {
  session_.Observe([&] { session_.hooks_.OnAuthenticationOk(); });
}

void Session::LoginHooks::OnLoginError(const pgwire::SqlstateText& sqlstate) {
  session_.Observe([&] { session_.hooks_.OnLoginError(sqlstate); });
}

void Session::LoginHooks::OnParameterStatus(std::string_view name, std::string_view value) {
  session_.Observe([&] { session_.hooks_.OnParameterStatus(name, value); });
}

void Session::LoginHooks::OnBackendKey(std::string_view key) {
  session_.Observe([&] { session_.hooks_.OnBackendKey(key); });
}

void Session::OnUpstreamTried(const UpstreamTarget& target) {
  SetUpstream(target.server, UpstreamState::kConnecting);
}

void Session::OnUpstream(UpstreamLink link) {
  const Nanos now = loop_.events().Now();
  target_ = std::move(link.target);  // The same server: it is counted already.
  observer_.SetServer(*target_.server);
  shared().upstream_reached = true;
  if (options().upstream.target_session_attrs == TargetSession::kAny) {
    shared().NoteServer(*target_.server);
  }
  server_.Attach(std::move(link.transport));
  if (server_.encrypted()) shared().NoteUpstreamCertificate(server_.peer_not_after());
  SetUpstreamState(UpstreamState::kAuthenticating);
  phase_ = Phase::kLogin;
  if (!Forward(Side::kUpstream, login_->startup, now)) return OnSendFailed(Side::kUpstream);
  login_->startup.clear();
  UpdateReading(Side::kUpstream);
  if (login_->decoded) return SendWaiting(now);
  if (observer_.facts().pass_through) {
    conversation_.Ignore();
    Observe([&] { observer_.OnPassThrough(); });
  } else {
    TurnOpaque(pgwire::OpaqueReason::kProtocolMajor);
  }
  OnLoginReady(now);
}

void Session::OnUpstreamFailed(const std::string& reasons) {
  shared().instruments.Reject(RejectReason::kUpstreamDown);
  // Only a client that speaks our side of the protocol could read an answer.
  const bool readable = !observer_.facts().pass_through;
  Fail(readable, "08001", CannotConnectText(reasons), CloseReason::kRejected);
}

void Session::OnLoginDeadline() {
  if (login_->login.failed()) return Finish(CloseReason::kLoginFailed);
  shared().instruments.Reject(RejectReason::kHandshakeTimeout);
  Fail(server_at_boundary(), "57014", LoginTimeoutText(options().login_timeout),
       CloseReason::kRejected);
}

void Session::LoginFromServer(std::string_view bytes, Nanos now) {
  const bool failed_before = login_->login.failed();
  const pgwire::Login::Progress progress = login_->login.Feed(bytes);
  if (login_->login.failed() && !failed_before) OnServerRefusedLogin();
  if (login_->login.authenticated() && !login_->authenticated) {
    login_->authenticated = true;
    target_.server->connect_duration().Observe(ToSeconds(now - login_->connect_start));
  }
  if (progress.state == pgwire::LoginState::kReady && !CheckRole(now)) return;
  // One send for all: what a socket does not take can be held only once.
  const std::string_view behind = bytes.substr(progress.consumed);
  const std::string output = TakeLoginOutput().append(behind);
  if (!output.empty() && !Forward(Side::kClient, output, now)) return OnSendFailed(Side::kClient);
  switch (progress.state) {
    case pgwire::LoginState::kRunning:
      return;
    case pgwire::LoginState::kRefused:
      return RefuseLogin(Side::kUpstream, ServerProtocolText(target_.server->name()));
    case pgwire::LoginState::kPlusOnly:
      return Fail(true, kInvalidAuthorization, kPlusOnlyText, CloseReason::kLoginFailed);
    case pgwire::LoginState::kReady:
      break;
  }
  Observe([&] {
    hooks_.OnReady();
    conversation_.LoginDone(login_->login.ready_status(), now);
  });
  if (!behind.empty()) Account(Side::kUpstream, behind, now);
  OnLoginReady(now);
}

std::string Session::TakeLoginOutput() {
  if (login_->login.plus_stripped() && !login_->plus_counted) {
    login_->plus_counted = true;
    shared().CountPlusStripped();
  }
  return login_->login.TakeOutput();
}

bool Session::CheckRole(Nanos now) {
  const ServerRole& role = observer_.server_role();
  target_.server->SetRole(now, role);
  if (settings_->servers.wanted() == TargetSession::kAny) return true;
  const Suitability suits = settings_->servers.Accepts(*target_.server, role);
  if (suits == Suitability::kYes) {
    login_->login.Release();
    shared().NoteServer(*target_.server);
    return true;
  }
  target_.server->CountRoleMismatch();
  const std::string text =
      WrongRoleText(target_.server->name(), Name(settings_->servers.wanted()), role.known());
  Fail(true, "57P03", text, CloseReason::kLoginFailed);
  return false;
}

void Session::OnServerRefusedLogin() {
  const bool bound = client_.encrypted() && server_.encrypted() && login_->login.plus_offered();
  if (!bound || observer_.login_sqlstate() != kInvalidAuthorization) return;
  shared().instruments.binding_failures.Increment();
  shared().HintAtBinding();
}

void Session::OnLoginReady(Nanos now) {
  phase_ = Phase::kRelay;
  --loop_.ledger().counters.handshakes;
  SetUpstreamState(UpstreamState::kReady);
  timer_.Stop();
  if (!observer_.cancel_key().empty()) {
    shared().cancels.Add(observer_.cancel_key(), {settings_, target_});
  }
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
  if (answer.refused) return RefuseLogin(Side::kClient, kBadLoginMessageText);
  login_->waiting = waiting.substr(answer.passed);
  UpdateReading(Side::kClient);
  const std::string_view passed = std::string_view(waiting).substr(0, answer.passed);
  if (passed.empty()) return;
  Account(Side::kClient, passed, now);
  if (!Forward(Side::kUpstream, passed, now)) OnSendFailed(Side::kUpstream);
}

void Session::RefuseLogin(Side side, std::string_view text) {
  shared().instruments.ProtocolError(side);
  Fail(server_at_boundary(), "08P01", text, CloseReason::kProtocolError);
}

}  // namespace pgsidecar::wire
