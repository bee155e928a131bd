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
  EXPECT_EQ(login.TakeOutput(), Error("28P01", "FATAL"));
}

TEST(Login, PassesWholeMessagesOnly) {
  LoginLog log;
  Login login(log);
  std::string out;
  for (const char byte : kLogin) {
    login.Feed(std::string_view(&byte, 1));
    const std::string more = login.TakeOutput();
    EXPECT_EQ(kLogin.compare(out.size(), more.size(), more), 0);
    out += more;
  }
  EXPECT_EQ(out, kLogin);
}

std::string Offer(std::initializer_list<std::string_view> mechanisms) {
  std::string body = Int32(10);
  for (const std::string_view name : mechanisms) body += Zero(std::string(name));
  return Message('R', body + '\0');
}

TEST(Login, RemovesThePlusMechanismWhereverItStands) {
  const struct {
    std::string offered, passed;
  } cases[] = {
      {Offer({"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}), Offer({"SCRAM-SHA-256"})},
      {Offer({"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}), Offer({"SCRAM-SHA-256"})},
      {Offer({"A", "SCRAM-SHA-256-PLUS", "B"}), Offer({"A", "B"})},
      {Offer({"SCRAM-SHA-256"}), Offer({"SCRAM-SHA-256"})},
      {Offer({"SCRAM-SHA-256-PLUSH", "B"}), Offer({"SCRAM-SHA-256-PLUSH", "B"})},
      {Offer({}), Offer({})},
  };
  for (const auto& c : cases) {
    for (std::size_t cut = 0; cut < c.offered.size(); ++cut) {
      LoginLog log;
      Login login(log, {.strip_plus = true});
      login.Feed(c.offered.substr(0, cut));
      EXPECT_EQ(login.TakeOutput(), "");
      EXPECT_EQ(login.Feed(c.offered.substr(cut)).state, LoginState::kRunning);
      EXPECT_EQ(login.TakeOutput(), c.passed) << cut;
      EXPECT_EQ(login.plus_stripped(), c.offered != c.passed);
    }
  }
}

TEST(Login, KeepsTheOfferOfALegThatCanBind) {
  LoginLog log;
  Login login(log);
  const std::string offer = Offer({"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"});
  login.Feed(offer);
  EXPECT_EQ(login.TakeOutput(), offer);
  EXPECT_TRUE(login.plus_offered());
  EXPECT_FALSE(login.plus_stripped());
}

TEST(Login, SaysWhenNothingButThePlusMechanismIsOffered) {
  LoginLog log;
  Login login(log, {.strip_plus = true});
  EXPECT_EQ(login.Feed(Offer({"SCRAM-SHA-256-PLUS"})).state, LoginState::kPlusOnly);
  EXPECT_EQ(login.TakeOutput(), "");
}

TEST(Login, HoldsFromAuthenticationOkOnUntilReleased) {
  LoginLog log;
  Login login(log, {.hold = true});
  EXPECT_EQ(login.Feed(kLogin).state, LoginState::kReady);
  EXPECT_EQ(login.TakeOutput(), Message('R', Int32(10) + Zero("SCRAM-SHA-256") + '\0'));
  login.Release();
  EXPECT_EQ(Message('R', Int32(10) + Zero("SCRAM-SHA-256") + '\0') + login.TakeOutput(), kLogin);
}

TEST(Login, ReleasesWhatItHoldsBehindAnErrorInOrder) {
  LoginLog log;
  Login login(log, {.hold = true});
  const std::string bytes = Message('R', Int32(0)) + Error("3D000", "FATAL");
  login.Feed(bytes);
  EXPECT_EQ(login.TakeOutput(), bytes);
}

TEST(Login, RefusesToHoldMoreThan64KiB) {
  LoginLog log;
  Login login(log, {.hold = true});
  login.Feed(Message('R', Int32(0)));
  const std::string notice = Message('N', std::string(40'000, 'n'));
  EXPECT_EQ(login.Feed(notice).state, LoginState::kRunning);
  EXPECT_EQ(login.Feed(notice).state, LoginState::kRefused);
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
