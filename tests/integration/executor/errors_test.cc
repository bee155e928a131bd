#include <atomic>

#include "live.h"

namespace pgsidecar::live {
namespace {

class Errors : public Live {};

struct Expected {
  const char* sql;
  const char* sqlstate;
  const char* error_class;
};

TEST_F(Errors, HaveTheirSqlstateAndClass) {
  ASSERT_TRUE(Run("DROP TABLE IF EXISTS errors").ok());
  ASSERT_TRUE(Run("CREATE TABLE errors (id int PRIMARY KEY, other int NOT NULL CHECK (other > 0), "
                  "parent int REFERENCES errors)")
                  .ok());
  ASSERT_TRUE(Run("INSERT INTO errors VALUES (1, 1, NULL)").ok());
  const Expected all[] = {
      {"SELECT 1/0", "22012", "data"},
      {"SELECT 'x'::int", "22P02", "data"},
      {"SELEC 1", "42601", "syntax"},
      {"SELECT nothing", "42703", "syntax"},
      {"SELECT * FROM nowhere", "42P01", "syntax"},
      {"SELECT nofunction()", "42883", "syntax"},
      {"INSERT INTO errors VALUES (1, 1, NULL)", "23505", "constraint"},
      {"INSERT INTO errors VALUES (2, NULL, NULL)", "23502", "constraint"},
      {"INSERT INTO errors VALUES (2, 0, NULL)", "23514", "constraint"},
      {"INSERT INTO errors VALUES (2, 1, 9)", "23503", "constraint"},
      {"DO $$ BEGIN RAISE 'mine' USING ERRCODE = '40001'; END $$", "40001", "serialization"},
      {"DO $$ BEGIN RAISE 'mine' USING ERRCODE = '40P01'; END $$", "40P01", "deadlock"},
      {"DO $$ BEGIN RAISE 'mine' USING ERRCODE = '42501'; END $$", "42501", "permission"},
      {"DO $$ BEGIN RAISE 'mine' USING ERRCODE = '53200'; END $$", "53200", "resource"},
      {"DO $$ BEGIN RAISE 'mine'; END $$", "P0001", "application"},
      {"DO $$ BEGIN RAISE 'mine' USING ERRCODE = 'XX000'; END $$", "XX000", "internal"},
  };
  for (const Expected& expected : all) {
    const auto outcome = Run(expected.sql);
    ASSERT_FALSE(outcome.ok()) << expected.sql;
    EXPECT_EQ(outcome.error().kind, QueryErrorKind::kServer) << expected.sql;
    EXPECT_EQ(outcome.error().sqlstate, expected.sqlstate) << expected.sql;
    EXPECT_EQ(outcome.error().error_class(), expected.error_class) << expected.sql;
    EXPECT_FALSE(outcome.error().in_doubt);
    EXPECT_FALSE(outcome.error().message.empty());
    const std::string label = std::string("sqlstate=\"") + expected.sqlstate + "\"";
    EXPECT_EQ(Metric("query_sqlstate_errors_total", {label}), 1) << expected.sqlstate;
  }
  EXPECT_EQ(Value("SELECT 1"), "1");
  EXPECT_EQ(Metric("query_errors_total", {"datname=\"postgres\""}), std::size(all));
  EXPECT_EQ(Metric("operation_errors_total", {"operation=\"test\""}), std::size(all));
}

TEST_F(Errors, ABlockNeedsBegin) {
  for (const char* sql : {"BEGIN", "start transaction", "COMMIT", "ROLLBACK"}) {
    const auto outcome = Run(sql);
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().kind, QueryErrorKind::kUsage);
  }
  EXPECT_EQ(Value("SELECT pg_current_xact_id_if_assigned() IS NULL"), "t");
}

TEST_F(Errors, TwoStatementsAreRefused) {
  const auto outcome = Run("SELECT 1; SELECT 2");
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().sqlstate, "42601");
}

TEST_F(Errors, AnEmptyStatementIsCounted) {
  EXPECT_TRUE(Run("").ok());
  EXPECT_EQ(Metric("query_successes_total", {"command=\"EMPTY\""}), 1);
}

TEST_F(Errors, ConflictsAreRepeatedOnlyWhenAllowed) {
  ASSERT_TRUE(Run("DROP SEQUENCE IF EXISTS attempts").ok());
  ASSERT_TRUE(Run("CREATE SEQUENCE attempts").ok());
  // Fails twice with a serialization failure; a sequence is not rolled back.
  const char* sql =
      "DO $$ BEGIN IF nextval('attempts') <= 2 THEN RAISE 'conflict' USING ERRCODE = '40001'; "
      "END IF; END $$";
  const auto refused = Run(sql);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().sqlstate, "40001");
  EXPECT_EQ(Metric("operation_retries_total"), 0);
  EXPECT_TRUE(Run(sql, {}, {.retry_conflicts = true}).ok());
  EXPECT_EQ(Metric("operation_retries_total", {"operation=\"test\""}), 1);
  EXPECT_EQ(Metric("query_sqlstate_errors_total", {"sqlstate=\"40001\""}), 2);
}

TEST_F(Errors, RetriesAreBounded) {
  options_.retries_max = 3;
  const auto outcome = Run("DO $$ BEGIN RAISE 'conflict' USING ERRCODE = '40P01'; END $$", {},
                           {.retry_conflicts = true});
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(Metric("operation_retries_total"), 3);
  EXPECT_EQ(Metric("query_errors_total", {"error_class=\"deadlock\""}), 4);
}

TEST_F(Errors, APlanThatDoesNotFitAnyMoreIsMadeAnew) {
  options_.connections_max = 1;
  ASSERT_TRUE(Run("DROP TABLE IF EXISTS plans").ok());
  ASSERT_TRUE(Run("CREATE TABLE plans AS SELECT 1 AS a").ok());
  const auto before = Run("SELECT * FROM plans");
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before.value().columns(), 1U);
  ASSERT_TRUE(Run("ALTER TABLE plans ADD COLUMN b text DEFAULT 'x'").ok());
  const auto after = Run("SELECT * FROM plans");
  ASSERT_TRUE(after.ok()) << after.error().message;
  EXPECT_EQ(after.value().columns(), 2U);
}

TEST_F(Errors, PreparedStatementsAreBounded) {
  options_.connections_max = 1;
  options_.prepared_statements_max = 10;
  for (int i = 0; i < 50; ++i) EXPECT_EQ(Value("SELECT " + std::to_string(i)), std::to_string(i));
  // The statement that counts is one of them.
  EXPECT_EQ(Value("SELECT count(*) FROM pg_prepared_statements"), "10");
  for (int i = 49; i >= 0; --i) EXPECT_EQ(Value("SELECT " + std::to_string(i)), std::to_string(i));
  EXPECT_EQ(Value("SELECT count(*) FROM pg_prepared_statements"), "10");
}

TEST_F(Errors, NothingIsPreparedWhereNothingShallBe) {
  options_.prepared_statements_max = 0;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Value("SELECT $1::int", Parameters(i)), std::to_string(i));
  EXPECT_EQ(Value("SELECT count(*) FROM pg_prepared_statements"), "0");
}

TEST_F(Errors, WrongOptionsAreNamed) {
  auto telemetry = Telemetry::Create({.slow_log_path = "/dev/null"});
  ASSERT_TRUE(telemetry.ok());
  for (auto change : {+[](ExecutorOptions& o) { o.connections_max = 0; },
                      +[](ExecutorOptions& o) { o.connections_min = 9; },
                      +[](ExecutorOptions& o) { o.name = ""; },
                      +[](ExecutorOptions& o) { o.wait_max = seconds(0); }}) {
    ExecutorOptions options = options_;
    change(options);
    const auto made = QueryExecutor::Create(options, *telemetry.value());
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().kind, QueryErrorKind::kUsage);
    EXPECT_FALSE(made.error().message.empty());
  }
}

}  // namespace
}  // namespace pgsidecar::live
