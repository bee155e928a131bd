// What a server says during the login: the same verdict and the same events however it is cut.
#include <string>

#include "fuzz/require.h"
#include "pgwire/login.h"

namespace {

using pgsidecar::fuzz::Require;
using pgsidecar::pgwire::Login;
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
  std::string log;
  LoginState state = LoginState::kRunning;
  std::size_t consumed = 0;
  bool authenticated = false;
  char ready_status = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome LogIn(std::string_view bytes, std::size_t piece) {
  LoginLog sink;
  Login login(sink);
  Outcome outcome;
  while (!bytes.empty() && outcome.state == LoginState::kRunning) {
    const std::string_view now = bytes.substr(0, piece);
    const Login::Progress progress = login.Feed(now);
    Require(progress.consumed <= now.size());
    outcome.state = progress.state;
    outcome.consumed += progress.consumed;
    bytes.remove_prefix(now.size());
  }
  // Of what stands behind a refusal, a longer piece takes more.
  if (outcome.state == LoginState::kRefused) outcome.consumed = 0;
  outcome.log = sink.log;
  outcome.authenticated = login.authenticated();
  outcome.ready_status = login.ready_status();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = pgsidecar::fuzz::Text(data, size);
  const Outcome whole = LogIn(bytes, std::string_view::npos);
  Require(whole == LogIn(bytes, 1));
  Require(whole == LogIn(bytes, 7));
  return 0;
}
