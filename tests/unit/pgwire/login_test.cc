#include "pgwire/login.h"

#include <gtest/gtest.h>

#include "unit/pgwire/messages.h"

namespace pgsidecar::pgwire {
namespace {

using namespace testing;

struct LoginLog final : LoginSink {
  void OnAuthenticationOk() override { log += "ok "; }
  void OnLoginError(const SqlstateText& sqlstate) override {
    log += std::string("error:") + sqlstate.data() + " ";
  }
  void OnParameterStatus(std::string_view name, std::string_view value) override {
    log += std::string(name) + "=" + std::string(value) + " ";
  }
  void OnBackendKey(std::string_view key) override { log += "key:" + std::string(key) + " "; }
  std::string log;
};

const std::string kLogin = Message('R', Int32(10) + Zero("SCRAM-SHA-256") + '\0') +
                           Message('R', Int32(0)) + ParameterStatus("TimeZone", "UTC") +
                           Message('K', "pid1secr") + Ready('I');

TEST(Login, ReadsUpToTheFirstReadyForQueryHoweverCut) {
  const std::string bytes = kLogin + DataRow();
  for (std::size_t cut = 0; cut <= kLogin.size(); ++cut) {
    LoginLog log;
    Login login(log);
    Login::Progress progress = login.Feed(bytes.substr(0, cut));
    std::size_t consumed = progress.consumed;
    if (progress.state == LoginState::kRunning) {
      progress = login.Feed(bytes.substr(cut));
      consumed += progress.consumed;
    }
    EXPECT_EQ(progress.state, LoginState::kReady) << cut;
    EXPECT_EQ(consumed, kLogin.size()) << cut;
    EXPECT_EQ(log.log, "ok TimeZone=UTC key:pid1secr ") << cut;
  }
}

TEST(Login, ReportsARefusalOfTheServer) {
  LoginLog log;
  Login login(log);
  EXPECT_EQ(login.Feed(Error("28P01", "FATAL")).state, LoginState::kRunning);
  EXPECT_EQ(log.log, "error:28P01 ");
  EXPECT_FALSE(login.authenticated());
}

TEST(Login, FailsClosed) {
  const std::string cases[] = {"R" + Int32(3),          "R" + Int32(64 * 1024 + 5),
                               "R" + Int32(0xFFFFFFFF), Message('D', "x"),
                               Message('R', "xyz"),     Message('K', "1234567"),
                               Message('Z', "II"),      Message('K', std::string(261, 'k'))};
  for (const std::string& bytes : cases) {
    LoginLog log;
    Login login(log);
    EXPECT_EQ(login.Feed(bytes).state, LoginState::kRefused) << bytes.substr(0, 8);
  }
}

}  // namespace
}  // namespace pgsidecar::pgwire
