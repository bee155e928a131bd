#include "executor/explainer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

namespace pgsidecar::executor {
namespace {

class FakeClock final : public Clock {
 public:
  Nanos Now() const override { return now_; }
  Nanos UnixNow() const override { return now_; }
  void Advance(std::chrono::nanoseconds by) { now_ += by.count(); }

 private:
  std::atomic<Nanos> now_{kNanosPerSecond};
};

/// What the fake server does. Kept by the test and by a thread that may outlive it.
struct Server {
  void WaitAtGate() {
    ++waiting;
    std::unique_lock lock(mutex);
    opened.wait(lock, [this] { return open; });
  }
  void SetGate(bool to) {
    const std::lock_guard lock(mutex);
    open = to;
    opened.notify_all();
  }

  std::mutex mutex;
  std::condition_variable opened;
  bool open = true;
  std::atomic<int> waiting{0}, connections{0}, now_connected{0}, most_connected{0};
  std::atomic<bool> reachable{true}, hangs_in_connect{false};
  PlanAnswer answer{std::nullopt, R"([{"Plan": {"Node Type": "Result"}}])"};
  std::string database = "shop";
};

class FakeConnection final : public PlanConnection {
 public:
  explicit FakeConnection(std::shared_ptr<Server> server) : server_(std::move(server)) {
    const int now = ++server_->now_connected;
    if (now > server_->most_connected) server_->most_connected = now;
  }
  ~FakeConnection() override { --server_->now_connected; }
  const std::string& database() const override { return server_->database; }
  PlanAnswer Explain(const metrics::SlowEvent&) override {
    server_->WaitAtGate();
    return server_->answer;
  }

 private:
  const std::shared_ptr<Server> server_;
};

metrics::SlowEvent Slow(const std::string& fingerprint, const std::string& command = "SELECT") {
  metrics::SlowEvent event;
  event.fingerprint = fingerprint;
  event.datname = "shop";
  event.command = command;
  event.query = "SELECT $1";
  return event;
}

class ExplainerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto log = metrics::SlowLog::Open({.path = "/dev/null"}, registry_, clock_);
    ASSERT_TRUE(log.ok());
    log_ = std::move(log).value();
    Start();
  }
  void TearDown() override { server_->SetGate(true); }

  void Start() {
    const ConnectForPlans connect = [server =
                                         server_](Interrupter&) -> std::unique_ptr<PlanConnection> {
      ++server->connections;
      if (server->hangs_in_connect) server->WaitAtGate();
      if (!server->reachable) return nullptr;
      return std::make_unique<FakeConnection>(server);
    };
    explainer_.reset();
    explainer_ = std::make_unique<Explainer>(ExplainOptions{.enabled = true},
                                             ExplainContext{*log_, counters_, clock_}, connect);
  }
  double Plans() { return registry_.AddCounter(metrics::kSlowLogExplains).Value(); }
  double Skips(SkipReason reason) {
    return registry_.AddCounter(metrics::kSlowLogExplainSkips, {Name(reason)}).Value();
  }
  void AwaitPlans(double count) {
    while (Plans() < count) std::this_thread::yield();
  }
  void AwaitSkips(SkipReason reason, double count) {
    while (Skips(reason) < count) std::this_thread::yield();
  }
  void AwaitWaiting(int count) {
    while (server_->waiting < count) std::this_thread::yield();
  }

  FakeClock clock_;
  metrics::Registry registry_{1.0};
  ExplainCounters counters_{registry_};
  std::unique_ptr<metrics::SlowLog> log_;
  std::shared_ptr<Server> server_ = std::make_shared<Server>();
  std::unique_ptr<Explainer> explainer_;
};

TEST_F(ExplainerTest, AddsThePlanToTheSlowLog) {
  log_->Submit(Slow("a"));
  AwaitPlans(1);
  const auto view = log_->Snapshot();
  ASSERT_EQ(view.recent.size(), 1U);
  while (log_->Snapshot().recent[0].plan == nullptr) std::this_thread::yield();
  EXPECT_EQ(log_->Snapshot().recent[0].plan->json, R"({"Plan":{"Node Type":"Result"}})");
}

TEST_F(ExplainerTest, TakesOnlyCommandsThatHaveAPlan) {
  for (const char* command : {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"}) {
    explainer_->Offer(Slow(command, command));
  }
  AwaitPlans(5);
  for (const char* command : {"CALL", "TRANSACTION", "DDL", "UTILITY", "EMPTY", "UNKNOWN", ""}) {
    explainer_->Offer(Slow(command, command));
  }
  EXPECT_EQ(Skips(SkipReason::kCommand), 7);
}

TEST_F(ExplainerTest, TakesOnlyWholeTexts) {
  metrics::SlowEvent cut = Slow("a");
  cut.query_cut = true;
  metrics::SlowEvent none = Slow("b");
  none.query.clear();
  for (const metrics::SlowEvent& event : {cut, none, Slow("unknown"), Slow("pending")}) {
    explainer_->Offer(event);
  }
  EXPECT_EQ(Skips(SkipReason::kText), 4);
  EXPECT_EQ(server_->connections, 0);
}

TEST_F(ExplainerTest, TakesOnlyItsOwnDatabase) {
  metrics::SlowEvent other = Slow("a");
  other.datname = "other";
  explainer_->Offer(other);
  AwaitSkips(SkipReason::kDatabase, 1);
  clock_.Advance(std::chrono::hours(1));
  explainer_->Offer(other);
  AwaitSkips(SkipReason::kDatabase, 2);
  EXPECT_EQ(server_->connections, 1) << "once is enough to know the database";
  explainer_->Offer(Slow("a"));
  AwaitPlans(1);
}

TEST_F(ExplainerTest, TakesAStatementOncePerInterval) {
  explainer_->Offer(Slow("a"));
  AwaitPlans(1);
  clock_.Advance(std::chrono::seconds(599));
  explainer_->Offer(Slow("a"));
  EXPECT_EQ(Skips(SkipReason::kRecent), 1);
  clock_.Advance(std::chrono::seconds(1));
  explainer_->Offer(Slow("a"));
  AwaitPlans(2);
}

TEST_F(ExplainerTest, QueuesAtMostSixteenAndConnectsOnce) {
  server_->SetGate(false);
  explainer_->Offer(Slow("first"));
  AwaitWaiting(1);
  for (int i = 0; i < 20; ++i) explainer_->Offer(Slow(std::to_string(i)));
  EXPECT_EQ(Skips(SkipReason::kQueueFull), 4);
  server_->SetGate(true);
  AwaitPlans(17);
  EXPECT_EQ(server_->most_connected, 1);
  EXPECT_EQ(server_->connections, 1);
  while (server_->now_connected != 0) std::this_thread::yield();
  explainer_->Offer(Slow("19"));
  AwaitPlans(18);
  EXPECT_EQ(server_->connections, 2) << "nothing was left, so it had closed the connection";
}

TEST_F(ExplainerTest, WaitsAfterAFailedConnectionAndTriesTheStatementAgain) {
  server_->reachable = false;
  explainer_->Offer(Slow("a"));
  AwaitSkips(SkipReason::kConnection, 1);
  explainer_->Offer(Slow("b"));
  EXPECT_EQ(Skips(SkipReason::kConnection), 2);
  EXPECT_EQ(server_->connections, 1);
  server_->reachable = true;
  clock_.Advance(std::chrono::seconds(10));
  explainer_->Offer(Slow("a"));
  AwaitPlans(1);
}

TEST_F(ExplainerTest, UsesNoConnectionThatFailed) {
  server_->answer = {SkipReason::kTimeout, {}};
  server_->SetGate(false);
  explainer_->Offer(Slow("a"));
  AwaitWaiting(1);
  explainer_->Offer(Slow("b"));
  server_->SetGate(true);
  AwaitSkips(SkipReason::kTimeout, 2);
  EXPECT_EQ(server_->connections, 2);
}

TEST_F(ExplainerTest, CountsAnAnswerThatIsNoPlanAsAnError) {
  server_->answer.explained = "[{";
  explainer_->Offer(Slow("a"));
  AwaitSkips(SkipReason::kError, 1);
  EXPECT_EQ(Plans(), 0);
}

TEST_F(ExplainerTest, LeavesAHangingConnectionAttemptBehind) {
  server_->hangs_in_connect = true;
  server_->SetGate(false);
  explainer_->Offer(Slow("a"));
  AwaitWaiting(1);
  const auto start = std::chrono::steady_clock::now();
  explainer_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  log_->Submit(Slow("b"));
  log_.reset();
  server_->SetGate(true);
  while (server_.use_count() > 1) std::this_thread::yield();  // The thread has ended.
  EXPECT_EQ(Plans(), 0);
}

TEST_F(ExplainerTest, EveryReasonHasASeriesFromTheStart) {
  std::set<std::string_view> names(kSkipReasonNames.begin(), kSkipReasonNames.end());
  EXPECT_EQ(names.size(), static_cast<std::size_t>(SkipReason::kError) + 1);
  EXPECT_EQ(Name(SkipReason::kError), "error");
  EXPECT_EQ(Name(SkipReason::kQueueFull), "queue_full");
}

}  // namespace
}  // namespace pgsidecar::executor
