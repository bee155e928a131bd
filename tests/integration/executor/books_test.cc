#include <atomic>

#include "live.h"

namespace pgsidecar::live {
namespace {

class Books : public Live {};

TEST_F(Books, AreExactUnderManyThreads) {
  constexpr int kThreads = 16, kCalls = 250;
  options_.connections_max = 8;
  executor();
  std::atomic<int> ok{0}, failed{0}, inserted{0};
  ASSERT_TRUE(Run("CREATE TABLE IF NOT EXISTS counted (id int)").ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const Operation operation = executor_->Named("op" + std::to_string(i % 4));
      for (int k = 0; k < kCalls; ++k) {
        if (k % 10 == 3) {
          failed += executor_->Execute(operation, "SELECT 1/0").ok() ? 0 : 1;
        } else if (k % 10 == 7) {
          const auto done =
              executor_->Execute(operation, "INSERT INTO counted VALUES ($1)", Parameters(k));
          inserted += done.ok() ? 1 : 0;
        } else {
          ok += executor_->Execute(operation, "SELECT $1::int", Parameters(k)).ok() ? 1 : 0;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const int calls = kThreads * kCalls;
  EXPECT_EQ(ok + failed + inserted, calls);
  EXPECT_EQ(Metric("query_successes_total", {"command=\"SELECT\""}), ok);
  EXPECT_EQ(Metric("query_successes_total", {"command=\"INSERT\""}), inserted);
  EXPECT_EQ(Metric("query_errors_total", {"command=\"SELECT\"", "error_class=\"data\""}), failed);
  EXPECT_EQ(Metric("query_duration_seconds_count"), calls + 1);
  EXPECT_EQ(Metric("rows_returned_total"), ok);
  EXPECT_EQ(Metric("rows_affected_total"), inserted);
  EXPECT_EQ(Metric("operation_duration_seconds_count"), calls + 1);
  EXPECT_EQ(Metric("operation_duration_seconds_count", {"operation=\"op2\""}), calls / 4);
  EXPECT_EQ(Metric("operation_errors_total"), failed);
  EXPECT_EQ(Metric("operations_in_flight"), 0);
  EXPECT_EQ(Metric("pool_connection_use_duration_seconds_count"), calls + 1);
  EXPECT_TRUE(Eventually([&] {  // By statement it is counted when the identity is known.
    return Metric("statement_duration_seconds_count") == calls + 1;
  }));
  EXPECT_EQ(Metric("statement_errors_total"), failed);
  const auto window = executor_->performance().GetMetrics("query.op1.duration");
  ASSERT_TRUE(window);
  EXPECT_EQ(window->count, 100U);
  EXPECT_EQ(window->total, static_cast<std::uint64_t>(calls / 4));
  EXPECT_EQ(executor_->performance().GetMetrics("query.op1.error")->total +
                executor_->performance().GetMetrics("query.op1.success")->total,
            static_cast<std::uint64_t>(calls / 4));
}

TEST_F(Books, NameTheOperationOfAStatement) {
  ASSERT_TRUE(executor().Execute("findUser", "SELECT 'secret' AS \"user\"").ok());
  EXPECT_TRUE(Eventually([this] {
    return Metric("statement_duration_seconds_count", {"operation=\"findUser\""}) == 1;
  }));
  EXPECT_EQ(telemetry_->MetricsText().find("secret"), std::string::npos);
}

TEST_F(Books, ASlowStatementIsLogged) {
  const auto outcome = executor().Execute(
      "slowOne", "SELECT pg_sleep($1), 'secret'", Parameters(0.3),
      {.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(Metric("slow_queries_total", {"command=\"SELECT\""}), 1);
  ASSERT_TRUE(Eventually([this] { return SlowLog().find('\n') != std::string::npos; }));
  const std::string line = SlowLog();
  for (const char* part :
       {"\"event\":\"slow\"", "\"operation\":\"slowOne\"", "\"command\":\"SELECT\"",
        "\"datname\":\"postgres\"", "\"user\":\"postgres\"", "\"rows\":1",
        "\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\""}) {
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
  }
  EXPECT_EQ(line.find("secret"), std::string::npos);
}

TEST_F(Books, WhatRunsIsVisible) {
  executor();
  std::thread runner([this] { EXPECT_TRUE(Run("SELECT pg_sleep(2.5)").ok()); });
  EXPECT_TRUE(Eventually([this] { return Metric("queries_in_flight") == 1; }));
  EXPECT_TRUE(Eventually([this] { return Metric("running_slow_queries") == 1; }));
  EXPECT_GT(Metric("oldest_running_query_start_timestamp_seconds"), 1.6e9);
  EXPECT_EQ(Metric("operations_in_flight"), 1);
  runner.join();
  EXPECT_TRUE(Eventually([this] { return Metric("queries_in_flight") == 0; }));
}

TEST_F(Books, MonitorCountsSuccessFailureAndSlowness) {
  EXPECT_EQ(executor().Monitor("work", [] { return 42; }), 42);
  executor().Monitor("work", [] {});
  EXPECT_THROW(executor().Monitor("work", []() -> int { throw std::runtime_error("mine"); }),
               std::runtime_error);
  EXPECT_FALSE(executor().Monitor("work", [this] { return Run("SELECT 1/0"); }).ok());
  EXPECT_EQ(Metric("operation_duration_seconds_count", {"operation=\"work\""}), 4);
  EXPECT_EQ(Metric("operation_errors_total", {"operation=\"work\""}), 2);
  EXPECT_EQ(executor().performance().GetMetrics("query.work.success")->count, 2U);
  EXPECT_EQ(executor().performance().GetMetrics("query.work.error")->count, 2U);
  executor().Monitor("slowWork", [] { std::this_thread::sleep_for(milliseconds(250)); });
  EXPECT_TRUE(Eventually(
      [this] { return SlowLog().find("\"operation\":\"slowWork\"") != std::string::npos; }));
}

TEST_F(Books, OperationsAreBounded) {
  executor();
  for (std::size_t i = 0; i < Telemetry::kOperationsMax + 10; ++i) {
    telemetry_->Monitor("operation " + std::to_string(i), [] {});
  }
  EXPECT_EQ(Metric("operation_duration_seconds_count", {"operation=\"other\""}), 10);
}

}  // namespace
}  // namespace pgsidecar::live
