#include "live.h"

namespace pgsidecar::live {
namespace {

class Blocks : public Live {
 protected:
  void Fresh() {
    ASSERT_TRUE(Run("DROP TABLE IF EXISTS blocks").ok());
    ASSERT_TRUE(Run("CREATE TABLE blocks (id int PRIMARY KEY, value int)").ok());
    ASSERT_TRUE(Run("INSERT INTO blocks VALUES (1, 0), (2, 0)").ok());
  }
  Transaction Open(const TransactionOptions& options = {}) {
    auto begun = executor().Begin(executor().Named("block"), options);
    EXPECT_TRUE(begun.ok()) << begun.error().message;
    return std::move(begun).value();
  }
};

TEST_F(Blocks, CommitAndRollBack) {
  Fresh();
  {
    Transaction block = Open();
    ASSERT_TRUE(block.Execute("UPDATE blocks SET value = 1 WHERE id = $1", Parameters(1)).ok());
    EXPECT_EQ(Value("SELECT value FROM blocks WHERE id = 1"), "0");
    ASSERT_TRUE(block.Commit().ok());
    EXPECT_FALSE(block.Execute("SELECT 1").ok());
  }
  EXPECT_EQ(Value("SELECT value FROM blocks WHERE id = 1"), "1");
  {
    Transaction block = Open();
    ASSERT_TRUE(block.Execute("UPDATE blocks SET value = 2").ok());
  }
  EXPECT_EQ(Value("SELECT sum(value) FROM blocks"), "1");
  EXPECT_EQ(Metric("transaction_duration_seconds_count"), 2);
  EXPECT_EQ(Metric("transaction_rollbacks_total"), 1);
  EXPECT_EQ(Metric("query_successes_total", {"command=\"TRANSACTION\""}), 4);
  EXPECT_EQ(Metric("operation_duration_seconds_count", {"operation=\"block\""}), 2);
  EXPECT_EQ(Metric("operation_errors_total", {"operation=\"block\""}), 1);
  EXPECT_EQ(Metric("pool_connections", {"\"used\""}), 0);
}

TEST_F(Blocks, TheCommitOfAFailedBlockIsAnError) {
  Fresh();
  Transaction block = Open();
  ASSERT_TRUE(block.Execute("UPDATE blocks SET value = 5").ok());
  EXPECT_FALSE(block.Execute("INSERT INTO blocks VALUES (1, 1)").ok());
  EXPECT_EQ(block.Execute("SELECT 1").error().sqlstate, "25P02");
  const auto committed = block.Commit();
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().sqlstate, "25P02");
  EXPECT_EQ(Value("SELECT sum(value) FROM blocks"), "0");
}

TEST_F(Blocks, SavepointsHealABlock) {
  Fresh();
  Transaction block = Open();
  ASSERT_TRUE(block.Execute("SAVEPOINT a").ok());
  EXPECT_FALSE(block.Execute("INSERT INTO blocks VALUES (1, 1)").ok());
  ASSERT_TRUE(block.Execute("ROLLBACK TO SAVEPOINT a").ok());
  ASSERT_TRUE(block.Execute("INSERT INTO blocks VALUES (3, 3)").ok());
  EXPECT_TRUE(block.Commit().ok());
  EXPECT_EQ(Value("SELECT count(*) FROM blocks"), "3");
}

TEST_F(Blocks, OnlyWeEndThem) {
  Fresh();
  Transaction block = Open();
  for (const char* sql : {"COMMIT", " rollback", "BEGIN", "END", "abort", "Start transaction",
                          "PREPARE TRANSACTION 'x'", "ROLLBACK AND CHAIN"}) {
    const auto outcome = block.Execute(sql);
    ASSERT_FALSE(outcome.ok()) << sql;
    EXPECT_EQ(outcome.error().kind, QueryErrorKind::kUsage) << sql;
  }
  EXPECT_TRUE(block.Commit().ok());
}

TEST_F(Blocks, AreAsTheirOptionsSay) {
  Fresh();
  Transaction block = Open({.isolation = Isolation::kSerializable, .read_only = true});
  const auto level = block.Execute("SHOW transaction_isolation");
  ASSERT_TRUE(level.ok());
  EXPECT_EQ(level.value().Text(0, 0), "serializable");
  EXPECT_EQ(block.Execute("DELETE FROM blocks").error().sqlstate, "25006");
}

TEST_F(Blocks, ConflictsAreRunAgain) {
  Fresh();
  int runs = 0;
  const auto outcome = executor().Transact(
      executor().Named("conflict"),
      [&](Transaction& block) -> Outcome<Rows> {
        ++runs;
        auto read = block.Execute("SELECT value FROM blocks WHERE id = 1");
        if (!read.ok()) return read;
        if (runs == 1) {
          EXPECT_TRUE(Run("UPDATE blocks SET value = value + 10 WHERE id = 1").ok());
        }
        return block.Execute("UPDATE blocks SET value = value + 1 WHERE id = 1 RETURNING value");
      },
      {.isolation = Isolation::kRepeatableRead, .retry_conflicts = true});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(outcome.value().Text(0, 0), "11");
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(Metric("operation_retries_total", {"operation=\"conflict\""}), 1);
}

TEST_F(Blocks, ADeadlineEndsTheBlock) {
  Fresh();
  Transaction block = Open({.deadline = milliseconds(300)});
  ASSERT_TRUE(block.Execute("UPDATE blocks SET value = 9").ok());
  const auto outcome = block.Execute("SELECT pg_sleep(30)");
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind, QueryErrorKind::kDeadline);
  EXPECT_FALSE(block.Commit().ok());
  EXPECT_TRUE(Eventually([this] { return Value("SELECT sum(value) FROM blocks") == "0"; }));
}

}  // namespace
}  // namespace pgsidecar::live
