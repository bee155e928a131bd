// Server messages: during the login, and as answers to a pipeline of every kind of request.
#include <cstdint>

#include "conversation_fuzz.h"
#include "pgwire/login.h"
#include "unit/pgwire/messages.h"

using namespace pgsidecar::pgwire;           // NOLINT
using namespace pgsidecar::pgwire::testing;  // NOLINT

namespace {

struct CountingLogin final : LoginSink {
  void OnAuthenticationOk() override { ++events; }
  void OnLoginError(const SqlstateText&) override { ++events; }
  void OnParameterStatus(std::string_view, std::string_view) override { ++events; }
  void OnBackendKey(std::string_view key) override {
    Require(key.size() >= 8 && key.size() <= 260);
    ++events;
  }
  int events = 0;
};

void FuzzLogin(const std::string& bytes) {
  CountingLogin whole_events, split_events;
  Login whole(whole_events), split(split_events);
  const Login::Progress progress = whole.Feed(bytes);
  Login::Progress last;
  std::size_t consumed = 0;
  for (std::size_t i = 0; i < bytes.size() && last.state == LoginState::kRunning; ++i) {
    last = split.Feed(bytes.substr(i, 1));
    consumed += last.consumed;
  }
  Require(progress.state == last.state && whole_events.events == split_events.events);
  Require(progress.state != LoginState::kReady || consumed == progress.consumed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  FuzzLogin(bytes);
  const std::string requests = Query("select 1; select 2; BEGIN") + Parse("s", "select 3") +
                               DescribeStatement("s") + Bind("p", "s") + DescribePortal("p") +
                               Execute("p") + Execute("p") + ClosePortal("p") +
                               CloseStatement("s") + Sync() + FunctionCall() +
                               Query("copy t from stdin") + Query("select 4");
  RequireSplitProof({{true, requests}, {false, bytes}});
  RequireSplitProof({{true, Query("copy t from stdin")},
                     {false, CopyIn()},
                     {true, CopyData("x") + Sync() + CopyDone() + Query("select 5")},
                     {false, bytes}});
  return 0;
}
