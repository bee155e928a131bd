#include <gtest/gtest.h>

#include "executor/executor_state.h"

namespace pgsidecar::executor {
namespace {

class IsRepeatableTest : public testing::Test {
 protected:
  bool Repeats(const QueryError& error, bool sent = true) {
    Attempt attempt{.outcome = error};
    attempt.sent = sent;
    attempt.stale_plan = error.sqlstate == "0A000" || error.sqlstate == "26000";
    return IsRepeatable(attempt, call);
  }

  metrics::Registry registry{1};
  PerformanceMonitor performance;
  OperationBooks books{registry, performance, "test"};
  const Parameters none;
  Call call{.operation = books, .sql = "SELECT 1", .parameters = none};
};

TEST_F(IsRepeatableTest, WhatWasNotSentIsSafe) {
  EXPECT_TRUE(Repeats({.kind = QueryErrorKind::kConnection}, /*sent=*/false));
  EXPECT_FALSE(Repeats({.kind = QueryErrorKind::kConnection}, /*sent=*/true));
}

TEST_F(IsRepeatableTest, ReadsAreSafe) {
  call.read_only = true;
  EXPECT_TRUE(Repeats({.kind = QueryErrorKind::kConnection, .sqlstate = "57P01"}));
  EXPECT_FALSE(Repeats({.kind = QueryErrorKind::kServer, .sqlstate = "22012"}));
}

TEST_F(IsRepeatableTest, ConflictsAreTheCallersChoice) {
  for (const char* sqlstate : {"40001", "40P01"}) {
    call.retry_conflicts = false;
    EXPECT_FALSE(Repeats({.kind = QueryErrorKind::kServer, .sqlstate = sqlstate}));
    call.retry_conflicts = true;
    EXPECT_TRUE(Repeats({.kind = QueryErrorKind::kServer, .sqlstate = sqlstate}));
  }
  EXPECT_FALSE(Repeats({.kind = QueryErrorKind::kServer, .sqlstate = "40003"}));
}

TEST_F(IsRepeatableTest, NothingInABlock) {
  call.in_transaction = true;
  call.read_only = true;
  call.retry_conflicts = true;
  EXPECT_FALSE(Repeats({.kind = QueryErrorKind::kConnection}, false));
  EXPECT_FALSE(Repeats({.kind = QueryErrorKind::kServer, .sqlstate = "40001"}));
  EXPECT_FALSE(Repeats({.kind = QueryErrorKind::kServer, .sqlstate = "26000"}));
}

TEST_F(IsRepeatableTest, DeadlinesAndTheRestAreFinal) {
  call.read_only = true;
  for (const auto kind : {QueryErrorKind::kDeadline, QueryErrorKind::kPool,
                          QueryErrorKind::kShutdown, QueryErrorKind::kUsage}) {
    EXPECT_FALSE(Repeats({.kind = kind}, false));
  }
}

TEST(PauseBefore, GrowsAndIsBounded) {
  for (std::uint32_t retry = 0; retry < 40; ++retry) {
    for (const Nanos now : {Nanos{0}, Nanos{123456789}, Nanos{999999999}}) {
      const auto pause = PauseBefore(retry, now);
      EXPECT_GE(pause, std::chrono::milliseconds(10));
      EXPECT_LT(pause, std::chrono::milliseconds(500));
    }
  }
  EXPECT_LT(PauseBefore(0, 5), std::chrono::milliseconds(20));
  EXPECT_GE(PauseBefore(3, 5), std::chrono::milliseconds(250));
}

TEST(CheckCall, RefusesNul) {
  EXPECT_FALSE(CheckCall("SELECT 1", Parameters("a", nullptr)));
  EXPECT_TRUE(CheckCall(std::string_view("SELECT\0", 7), Parameters()));
  EXPECT_TRUE(CheckCall("SELECT $1", Parameters(std::string("\0", 1))));
}

TEST(WithConnectTimeout, IsAddedOnce) {
  using std::chrono::seconds;
  EXPECT_EQ(WithConnectTimeout("host=a", seconds(5)), "host=a connect_timeout=5");
  EXPECT_EQ(WithConnectTimeout("postgresql://a/b", seconds(1)),
            "postgresql://a/b?connect_timeout=2");
  EXPECT_EQ(WithConnectTimeout("postgres://a/b?user=c", seconds(7)),
            "postgres://a/b?user=c&connect_timeout=7");
  EXPECT_EQ(WithConnectTimeout("host=a connect_timeout=9", seconds(5)), "host=a connect_timeout=9");
}

TEST(QueryError, HasAClass) {
  EXPECT_EQ((QueryError{.sqlstate = "23505"}).error_class(), "constraint");
  EXPECT_EQ((QueryError{.kind = QueryErrorKind::kPool}).error_class(), "resource");
  EXPECT_EQ((QueryError{.kind = QueryErrorKind::kConnection}).error_class(), "connection");
  EXPECT_EQ((QueryError{.kind = QueryErrorKind::kDeadline}).error_class(), "timeout");
}

TEST(Parameters, HaveTextForms) {
  const Parameters parameters(true, 7, -1.5, "x", std::optional<int>(), Bytes{"\xff"},
                              std::vector<std::string>{"a", "b"}, std::uint64_t{1} << 63);
  const auto& values = parameters.values();
  ASSERT_EQ(values.size(), 8U);
  EXPECT_EQ(values[0], "t");
  EXPECT_EQ(values[1], "7");
  EXPECT_EQ(values[2], "-1.5");
  EXPECT_EQ(values[3], "x");
  EXPECT_EQ(values[4], std::nullopt);
  EXPECT_EQ(values[5], "\\xff");
  EXPECT_EQ(values[6], R"({"a","b"})");
  EXPECT_EQ(values[7], "9223372036854775808");
}

}  // namespace
}  // namespace pgsidecar::executor
