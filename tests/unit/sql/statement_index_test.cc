#include "sql/statement_index.h"

#include <gmock/gmock.h>

#include <thread>

#include "unit/sql/fixture.h"

namespace pgsidecar::sql {
namespace {

class StatementIndexTest : public IndexTest {
 protected:
  StatementIndexTest() { Create({}); }
};

TEST_F(StatementIndexTest, GivesTheSameCellToEqualShapes) {
  const Ref<Referenced> one = CellOf("SELECT a FROM t WHERE b = 1");
  const Ref<Referenced> two = CellOf("select a\nfrom t where b=$1 /* x */");
  EXPECT_EQ(one.get(), two.get());
  EXPECT_NE(one.get(), CellOf("SELECT a FROM t WHERE c = 1").get());
}

TEST_F(StatementIndexTest, FindsNoStatementInAnEmptyText) {
  for (const char* text : {"", ";", " ;; ", "-- only a comment", "/* x */;"}) {
    EXPECT_TRUE(index_->Scan(text, Context()).statements.empty()) << text;
  }
}

TEST_F(StatementIndexTest, CutsATextIntoItsStatements) {
  const ScannedText text =
      index_->Scan("BEGIN; SELECT 1;; UPDATE t SET a = 1; COMMIT AND CHAIN", Context());
  ASSERT_EQ(text.statements.size(), 4U);
  EXPECT_EQ(text.statements[0].command, metrics::Command::kTransaction);
  EXPECT_TRUE(text.statements[0].control);
  EXPECT_EQ(text.statements[1].command, metrics::Command::kSelect);
  EXPECT_FALSE(text.statements[1].control);
  EXPECT_EQ(text.statements[2].command, metrics::Command::kUpdate);
  EXPECT_TRUE(text.statements[3].and_chain);
}

TEST_F(StatementIndexTest, YieldsAtMost64StatementsOfOneText) {
  std::string sql;
  for (int i = 0; i < 100; ++i) sql += "SELECT 1;";
  EXPECT_EQ(index_->Scan(sql, Context()).statements.size(), 64U);
}

TEST_F(StatementIndexTest, GivesTheSameCellsForATextInPieces) {
  const std::string sql = "SELECT a FROM t WHERE b = 'x;y'; /* c */ INSERT INTO t VALUES (1), (2)";
  const ScannedText whole = index_->Scan(sql, Context());
  const std::vector<ScannedStatement> expected(whole.statements.begin(), whole.statements.end());
  for (std::size_t cut = 0; cut <= sql.size(); ++cut) {
    PartialScanPtr scan = index_->Begin(Context());
    index_->Feed(*scan, std::string_view(sql).substr(0, cut));
    index_->Feed(*scan, std::string_view(sql).substr(cut));
    const ScannedText text = index_->Finish(std::move(scan));
    ASSERT_EQ(text.statements.size(), expected.size()) << cut;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(text.statements[i].cell.get(), expected[i].cell.get()) << cut;
    }
  }
}

TEST_F(StatementIndexTest, DescribesAStatementOnceItIsIdentified) {
  const Ref<Referenced> cell = CellOf("select * from users where id = 4711");
  EXPECT_EQ(index_->Describe(*cell).fingerprint, "pending");
  EXPECT_EQ(index_->Describe(*cell).operation, "SELECT");
  Settle();
  const StatementView view = index_->Describe(*cell);
  EXPECT_EQ(view.fingerprint.size(), 16U);
  EXPECT_EQ(view.operation, "SELECT users");
  EXPECT_EQ(view.summary, "SELECT users");
  EXPECT_EQ(view.query, "SELECT * FROM users WHERE id = $1");
}

TEST_F(StatementIndexTest, MergesWhatWasCountedBeforeTheAnswer) {
  const Ref<Referenced> cell = CellOf("SELECT a FROM t");
  Execute(*cell, 2 * kNanosPerSecond);
  Execute(*cell, kMillisecond, "23505");
  EXPECT_EQ(Calls(), 0U);
  Settle();
  Execute(*cell);
  const StatementRow row = Row("SELECT t");
  EXPECT_EQ(row.calls, 3U);
  EXPECT_EQ(row.errors, 1U);
  EXPECT_EQ(row.slow, 1U);
  EXPECT_NEAR(row.total_seconds, 2.002, 1e-9);
  EXPECT_EQ(Row("other").calls, 0U);
}

TEST_F(StatementIndexTest, GivesPendingCountsToOtherAtShutdown) {
  Execute("SELECT a FROM t");
  index_->Shutdown();
  EXPECT_EQ(Calls(), 1U);
  index_.reset();
  EXPECT_EQ(Calls(), 1U);
  catalogue_->MaintainForTest();
  EXPECT_EQ(Value("pgsidecar_statements_pending"), 0);
  EXPECT_EQ(Value("pgsidecar_statement_shapes"), 0);
}

TEST_F(StatementIndexTest, PrefersAnAnswerThatIsThereToGivingUp) {
  const Ref<Referenced> cell = CellOf("SELECT a FROM late");
  Execute(*cell);
  clock_.Advance(6 * kNanosPerSecond);
  catalogue_->DrainForTest();
  // The answer is there, but unread: reading it comes first, so that it counts.
  index_->Poll();
  EXPECT_EQ(Value("pgsidecar_statement_parses_total{kind=\"timeout\"}"), 0);
  EXPECT_EQ(index_->Describe(*cell).operation, "SELECT late");
  EXPECT_EQ(Calls(), 1U);
}

TEST_F(StatementIndexTest, KnowsStatementsWithoutTextByTheirCommand) {
  const Ref<Referenced> cell = index_->Unknown(database_, metrics::Command::kCall);
  EXPECT_EQ(cell.get(), index_->Unknown(database_, metrics::Command::kCall).get());
  EXPECT_NE(cell.get(), index_->Unknown(database_, metrics::Command::kSelect).get());
  EXPECT_EQ(index_->CommandOf(*cell), metrics::Command::kCall);
  Settle();
  EXPECT_EQ(index_->Describe(*cell).fingerprint, "unknown");
  EXPECT_EQ(index_->Describe(*cell).operation, "CALL");
}

TEST_F(StatementIndexTest, ShowsOnlyTheCommandInAnEncodingItCannotRead) {
  ScanContext context = Context();
  context.ascii_safe_encoding = false;
  const ScannedText text = index_->Scan("DELETE FROM t WHERE a = '\x83\x27;'", context);
  ASSERT_EQ(text.statements.size(), 1U);
  const Ref<Referenced> cell = text.statements[0].cell;
  Settle();
  EXPECT_EQ(index_->Describe(*cell).fingerprint, "unknown");
  EXPECT_EQ(index_->Describe(*cell).query, "DELETE");
}

TEST_F(StatementIndexTest, TellsDatabasesApart) {
  metrics::DatabaseRecorder& second = recorder_.Database("stock");
  const Ref<Referenced> one = CellOf("SELECT 1");
  const ScannedText text = index_->Scan("SELECT 1", {.database = &second});
  EXPECT_NE(one.get(), text.statements.front().cell.get());
}

TEST_F(StatementIndexTest, TakesTheTraceFromAComment) {
  const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string comment = "/*action='x',traceparent='00-" + id + "-00f067aa0ba902b7-01'*/";
  for (const std::string& sql :
       {"SELECT 1 " + comment, comment + "SELECT 1", "SELECT 1; " + comment}) {
    const ScannedText text = index_->Scan(sql, Context());
    EXPECT_EQ(text.statements.size(), 1U);
    EXPECT_STREQ(text.trace.trace_id, id.c_str()) << sql;
    PartialScanPtr scan = index_->Begin(Context());
    index_->Feed(*scan, sql);
    EXPECT_STREQ(index_->Finish(std::move(scan)).trace.span_id, "00f067aa0ba902b7");
  }
  EXPECT_FALSE(index_->Scan("SELECT 1", Context()).trace.present());
}

TEST_F(StatementIndexTest, CountsMalformedTagLists) {
  index_->Scan("SELECT 1 /*action='x',*/", Context());
  index_->Scan("SELECT 1 /* just a remark */", Context());
  index_->Poll();
  EXPECT_EQ(Value("pgsidecar_statement_comments_rejected_total"), 1);
}

TEST_F(StatementIndexTest, TheOtherSeriesExistFromTheLogin) {
  index_->Attach(database_);
  EXPECT_EQ(SeriesCount("pgsidecar_statement_duration_seconds_count{datname=\"shop\",operation="
                        "\"other\",fingerprint=\"other\"}"),
            1U);
  EXPECT_EQ(SeriesCount("pgsidecar_statement_info{fingerprint=\"other\",operation=\"other\""), 1U);
}

TEST_F(StatementIndexTest, CountsExactlyWhenTheQueueIsFull) {
  constexpr int kShapes = 5000;
  {
    const auto hold = HoldWorker();
    for (int i = 0; i < kShapes; ++i) Execute("SELECT c" + std::to_string(i) + " FROM t");
  }
  Settle();
  EXPECT_GE(Value("pgsidecar_statement_deferred_total"), kShapes - 1030);
  EXPECT_EQ(CallsOnPage(), kShapes);
}

TEST_F(StatementIndexTest, AsksAgainForADeferredStatement) {
  std::vector<Ref<Referenced>> cells;
  {
    const auto hold = HoldWorker();
    for (int i = 0; i < 5000; ++i) cells.push_back(CellOf("SELECT c" + std::to_string(i)));
  }
  Settle();
  const auto is_known = [&](const Ref<Referenced>& cell) {
    return index_->Describe(*cell).fingerprint.size() == 16;
  };
  ASSERT_FALSE(is_known(cells.back()));
  clock_.Advance(2 * kNanosPerSecond);
  CellOf("SELECT c4999");
  Settle();
  EXPECT_TRUE(is_known(cells.back()));
}

TEST_F(StatementIndexTest, SurvivesMoreShapesInUseThanTheMapHolds) {
  std::vector<Ref<Referenced>> cells;
  for (int i = 0; i < 9000; ++i) {
    cells.push_back(CellOf("SELECT c" + std::to_string(i)));
    if (i % 500 == 0) Settle();
  }
  for (const Ref<Referenced>& cell : cells) Execute(*cell);
  Settle();
  EXPECT_EQ(CallsOnPage(), 9000);
  EXPECT_EQ(index_->CommandOf(*cells.back()), metrics::Command::kSelect);
}

TEST_F(StatementIndexTest, StaysExactAndBoundedUnderAFloodOfShapes) {
  constexpr int kShapes = 100'000;
  for (int i = 0; i < kShapes; ++i) {
    Execute("SELECT c" + std::to_string(i) + " FROM t" + std::to_string(i % 7));
    if (i % 512 == 0) index_->Poll();
    if (i % 20'000 == 0) catalogue_->MaintainForTest();
  }
  Settle();
  catalogue_->MaintainForTest();
  EXPECT_EQ(CallsOnPage(), kShapes);
  EXPECT_EQ(SeriesCount("pgsidecar_statement_duration_seconds_count"), 201U);
  EXPECT_EQ(SeriesCount("pgsidecar_statement_info"), 201U);
  EXPECT_EQ(Value("pgsidecar_statements_tracked"), 200);
  EXPECT_LE(Value("pgsidecar_statement_shapes"), 8192);
  EXPECT_GT(Value("pgsidecar_statement_shape_evictions_total"), 0);
  EXPECT_EQ(Value("pgsidecar_statement_scanned_bytes_total") > kShapes, true);
}

TEST_F(StatementIndexTest, CountsExactlyFromEightLoops) {
  constexpr int kLoops = 8;
  constexpr int kRounds = 3000;
  std::vector<std::thread> loops;
  for (int loop = 0; loop < kLoops; ++loop) {
    loops.emplace_back([this, loop] {
      StatementIndex index(*catalogue_, clock_);
      for (int i = 0; i < kRounds; ++i) {
        const std::string sql = "SELECT c" + std::to_string((i * 7 + loop) % 500) + " FROM t";
        const ScannedText text = index.Scan(sql, Context());
        metrics::Execution execution;
        execution.duration = kMillisecond;
        index.Record(*text.statements.front().cell, execution, false, nullptr);
        if (i % 100 == 0) index.Poll();
      }
    });
  }
  for (std::thread& loop : loops) loop.join();
  EXPECT_EQ(CallsOnPage(), kLoops * kRounds);
}

}  // namespace
}  // namespace pgsidecar::sql
