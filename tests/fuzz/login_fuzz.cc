// What a server says during the login: the same verdict, the same events and the same bytes for the
// client however it is cut, whole messages only, and no offer that was to be removed.
#include <string>

#include "fuzz/require.h"
#include "pgwire/bytes.h"
#include "pgwire/login.h"

namespace {

using pgsidecar::fuzz::Require;
using pgsidecar::pgwire::Login;
using pgsidecar::pgwire::LoginRules;
using pgsidecar::pgwire::LoginState;

struct LoginLog final : pgsidecar::pgwire::LoginSink {
  void OnAuthenticationOk() override { log += "ok\n"; }
  void OnLoginError(const pgsidecar::pgwire::SqlstateText& sqlstate) override {
    log += std::string("error ") + sqlstate.data() + "\n";
  }
  void OnParameterStatus(std::string_view name, std::string_view value) override {
    log.append(name).append("=").append(value) += '\n';
  }
  void OnBackendKey(std::string_view key) override {
    Require(key.size() >= 8 && key.size() <= 260);
    log.append("key ").append(key) += '\n';
  }
  std::string log;
};

struct Outcome {
  std::string log, output, released;
  LoginState state = LoginState::kRunning;
  std::size_t consumed = 0;
  bool authenticated = false, plus_offered = false, plus_stripped = false;
  char ready_status = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome LogIn(std::string_view bytes, std::size_t piece, const LoginRules& rules) {
  LoginLog sink;
  Login login(sink, rules);
  Outcome outcome;
  while (!bytes.empty() && outcome.state == LoginState::kRunning) {
    const std::string_view now = bytes.substr(0, piece);
    const Login::Progress progress = login.Feed(now);
    Require(progress.consumed <= now.size());
    outcome.state = progress.state;
    outcome.consumed += progress.consumed;
    outcome.output += login.TakeOutput();
    bytes.remove_prefix(now.size());
  }
  // Of what stands behind a refusal, a longer piece takes more.
  if (outcome.state != LoginState::kReady) outcome.consumed = 0;
  login.Release();
  outcome.released = outcome.output + login.TakeOutput();
  outcome.log = sink.log;
  outcome.authenticated = login.authenticated();
  outcome.plus_offered = login.plus_offered();
  outcome.plus_stripped = login.plus_stripped();
  outcome.ready_status = login.ready_status();
  return outcome;
}

/// Whole messages; an offer of SASL mechanisms has an end and, stripped, no PLUS.
void CheckOutput(std::string_view output, bool strip_plus) {
  constexpr std::string_view kSasl("\0\0\0\x0a", 4);
  while (!output.empty()) {
    Require(output.size() >= 5);
    const std::uint32_t length = pgsidecar::pgwire::ReadUint32(output.data() + 1);
    Require(length >= 4 && length < output.size());
    const std::string_view body = output.substr(5, length - 4);
    if (strip_plus && output[0] == 'R' && body.starts_with(kSasl)) {
      std::string_view names = body.substr(4);
      while (!names.empty() && names.front() != '\0') {
        Require(pgsidecar::pgwire::TakeString(names) != "SCRAM-SHA-256-PLUS");
      }
    }
    output.remove_prefix(1 + length);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = pgsidecar::fuzz::Text(data, size);
  const Outcome plain = LogIn(bytes, std::string_view::npos, {});
  Require(plain.output == plain.released && bytes.starts_with(plain.output));
  for (const LoginRules rules :
       {LoginRules{}, LoginRules{.strip_plus = true}, LoginRules{.hold = true}}) {
    const Outcome whole = LogIn(bytes, std::string_view::npos, rules);
    Require(whole == LogIn(bytes, 1, rules));
    Require(whole == LogIn(bytes, 7, rules));
    CheckOutput(whole.released, rules.strip_plus);
    if (!rules.strip_plus) Require(plain.released.starts_with(whole.released));
  }
  return 0;
}
