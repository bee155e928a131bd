#include <atomic>

#include "live.h"

namespace pgsidecar::live {
namespace {

class PoolOf : public Live {
 protected:
  static std::chrono::milliseconds Since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
  }
};

TEST_F(PoolOf, OneMakesCallsWaitForEachOther) {
  options_.connections_max = 1;
  executor();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this] { EXPECT_TRUE(Run("SELECT pg_sleep(0.02)").ok()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'live'"), "1");
  EXPECT_EQ(Metric("pool_connections", {"state=\"idle\""}), 1);
  EXPECT_EQ(Metric("pool_connections", {"state=\"used\""}), 0);
  EXPECT_EQ(Metric("pool_wait_duration_seconds_count"), 9);
  EXPECT_EQ(Metric("pool_pending_requests"), 0);
}

TEST_F(PoolOf, WaitsNoLongerThanItIsTold) {
  options_.connections_max = 1;
  options_.wait_max = milliseconds(100);
  executor();
  std::thread holder([this] { EXPECT_TRUE(Run("SELECT pg_sleep(0.8)").ok()); });
  ASSERT_TRUE(Eventually([this] { return Metric("pool_connections", {"\"used\""}) == 1; }));
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = Run("SELECT 1");
  EXPECT_LT(Since(start), milliseconds(400));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind, QueryErrorKind::kPool);
  EXPECT_EQ(outcome.error().error_class(), "resource");
  EXPECT_EQ(Metric("pool_timeouts_total"), 1);
  holder.join();
  EXPECT_EQ(Value("SELECT 1"), "1");
}

TEST_F(PoolOf, ItsQueueIsBounded) {
  options_.connections_max = 1;
  options_.waiters_max = 2;
  executor();
  std::atomic<int> refused{0}, done{0};
  std::thread holder([this] { EXPECT_TRUE(Run("SELECT pg_sleep(0.5)").ok()); });
  ASSERT_TRUE(Eventually([this] { return Metric("pool_connections", {"\"used\""}) == 1; }));
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] { (Run("SELECT 1").ok() ? done : refused)++; });
  }
  for (std::thread& thread : threads) thread.join();
  holder.join();
  EXPECT_EQ(done, 2);
  EXPECT_EQ(refused, 4);
}

TEST_F(PoolOf, ADeadlineCancelsTheStatementOnTheServer) {
  executor();
  const auto start = std::chrono::steady_clock::now();
  const auto outcome =
      Run("SELECT pg_sleep(30) /* to be cancelled */", {}, {.deadline = milliseconds(300)});
  EXPECT_LT(Since(start), milliseconds(1500));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind, QueryErrorKind::kDeadline);
  EXPECT_EQ(outcome.error().sqlstate, "57014");
  EXPECT_TRUE(Eventually([this] {
    return Value(
               "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%to be cancelled%' AND "
               "state = 'active' AND pid <> pg_backend_pid()") == "0";
  }));
  EXPECT_EQ(Metric("query_errors_total", {"error_class=\"canceled\""}), 1);
  EXPECT_EQ(Metric("pool_connections_closed_total", {"reason=\"deadline\""}), 1);
}

TEST_F(PoolOf, ManyDeadlinesHitTheirOwnCallsOnly) {
  options_.connections_max = 8;
  executor();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0}, unsent{0};  // Unsent: on a busy machine, late before they connected.
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 10; ++k) {
        const bool short_one = (i + k) % 2 == 0;
        const auto outcome = Run("SELECT pg_sleep($1)", Parameters(short_one ? 5.0 : 0.02),
                                 {.deadline = short_one ? milliseconds(50) : milliseconds(5000)});
        if (outcome.ok() == short_one) ++wrong;
        if (outcome.ok()) continue;
        if (outcome.error().kind != QueryErrorKind::kDeadline) ++wrong;
        if (outcome.error().sqlstate.empty()) ++unsent;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LT(unsent, 40);
  EXPECT_EQ(Metric("query_duration_seconds_count"), 80 - unsent);
  EXPECT_EQ(Metric("query_errors_total", {"error_class=\"canceled\""}), 40 - unsent);
}

TEST_F(PoolOf, AServerThatHangsDoesNotHoldACallBeyondItsDeadline) {
  executor();
  ASSERT_EQ(Value("SELECT 1"), "1");
  Server::Suspend();
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = Run("SELECT 1", {}, {.deadline = milliseconds(200)});
  const auto took = Since(start);
  Server::Resume();
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind, QueryErrorKind::kDeadline);
  EXPECT_TRUE(outcome.error().in_doubt);
  EXPECT_LT(took, milliseconds(2000));
  EXPECT_EQ(Value("SELECT 3"), "3");
}

TEST_F(PoolOf, TheServersOwnTimeoutIsSet) {
  options_.connections_max = 1;
  options_.statement_timeout = milliseconds(5000);
  EXPECT_EQ(Value("SHOW statement_timeout"), "5s");
  const auto outcome = Run("SELECT pg_sleep(10)", {}, {.statement_timeout = milliseconds(100)});
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind, QueryErrorKind::kServer);
  EXPECT_EQ(outcome.error().sqlstate, "57014");
  EXPECT_EQ(Value("SHOW statement_timeout"), "5s");
  // Nothing was cancelled by us, so the connection is still good.
  EXPECT_EQ(Metric("pool_connections_closed_total"), 0);
}

TEST_F(PoolOf, ARestartCostsNoReadOnlyCall) {
  options_.connections_max = 4;
  executor();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] { EXPECT_TRUE(Run("SELECT pg_sleep(0.05)").ok()); });
  }
  for (std::thread& thread : threads) thread.join();
  Server::Restart();
  // All four connections are dead now, and none of them was idle for long.
  for (int i = 0; i < 8; ++i) {
    const auto outcome = Run("SELECT 1", {}, {.read_only = true});
    EXPECT_TRUE(outcome.ok()) << outcome.error().message;
  }
  EXPECT_GE(Metric("pool_connections_closed_total"), 4);
}

TEST_F(PoolOf, AWriteIsNotRepeatedWhenItsConnectionBreaks) {
  options_.connections_max = 1;
  ASSERT_TRUE(Run("DROP SEQUENCE IF EXISTS breaks").ok());
  ASSERT_TRUE(Run("CREATE SEQUENCE breaks").ok());
  const char* sql = "SELECT nextval('breaks'), pg_terminate_backend(pg_backend_pid()), pg_sleep(5)";
  const auto outcome = Run(sql);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind, QueryErrorKind::kConnection);
  EXPECT_TRUE(outcome.error().in_doubt);
  EXPECT_EQ(Value("SELECT last_value FROM breaks"), "1");
  const auto repeated = Run(sql, {}, {.read_only = true});
  ASSERT_FALSE(repeated.ok());
  EXPECT_EQ(Value("SELECT last_value FROM breaks"), "4");  // Three times, the last one for good.
  EXPECT_EQ(Metric("pool_connections_closed_total", {"reason=\"broken\""}), 4);
  EXPECT_EQ(Metric("query_errors_total", {"error_class=\"connection\""}), 4);
}

TEST_F(PoolOf, WithoutAServerCallsFailAtOnceAndWorkLater) {
  executor();
  Server::Stop();
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = Run("SELECT 1");
  EXPECT_LT(Since(start), milliseconds(3000));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind, QueryErrorKind::kConnection);
  EXPECT_FALSE(outcome.error().in_doubt);
  EXPECT_EQ(Metric("pool_connection_errors_total"), 3);  // The call and two retries.
  EXPECT_EQ(Metric("operation_retries_total"), 2);
  Server::Start();
  EXPECT_EQ(Value("SELECT 1"), "1");
}

TEST_F(PoolOf, IdleConnectionsLeaveAndTheMinimumStays) {
  options_.connections_max = 4;
  options_.connections_min = 1;
  options_.idle_max = milliseconds(100);
  executor();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] { EXPECT_TRUE(Run("SELECT pg_sleep(0.1)").ok()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(Eventually([this] { return Metric("pool_connections", {"\"idle\""}) == 1; }));
  EXPECT_EQ(Metric("pool_connections_closed_total", {"reason=\"idle\""}), 3);
}

TEST_F(PoolOf, TheEndOfTheExecutorEndsItsCalls) {
  options_.connections_max = 1;
  QueryExecutor& running = executor();
  std::vector<QueryErrorKind> kinds(2, QueryErrorKind::kUsage);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    threads.emplace_back([&, i] {
      const auto outcome = running.Execute("test", "SELECT pg_sleep(30)");
      ASSERT_FALSE(outcome.ok());
      kinds[i] = outcome.error().kind;
    });
  }
  ASSERT_TRUE(Eventually([this] {
    return Metric("pool_connections", {"\"used\""}) == 1 && Metric("pool_pending_requests") == 1;
  }));
  std::this_thread::sleep_for(milliseconds(50));
  executor_.reset();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(kinds, (std::vector<QueryErrorKind>(2, QueryErrorKind::kShutdown)));
}

}  // namespace
}  // namespace pgsidecar::live
