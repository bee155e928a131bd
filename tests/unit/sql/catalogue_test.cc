#include "sql/catalogue.h"

#include <gmock/gmock.h>

#include "unit/sql/fixture.h"

namespace pgsidecar::sql {
namespace {

constexpr Nanos kMinute = 60 * kNanosPerSecond;
constexpr Nanos kSlow = 2 * kNanosPerSecond;

/// A query on a table of its own. Letters, since libpg_query takes tables whose names differ in
/// runs of digits for partitions of one.
std::string Query(int number) {
  const char letters[] = {static_cast<char>('a' + number / 26),
                          static_cast<char>('a' + number % 26), '\0'};
  return std::string("SELECT 1 FROM t") + letters;
}

class CatalogueTest : public IndexTest {
 protected:
  void ExecuteAndSettle(const std::string& sql, Nanos duration = kMillisecond,
                        std::string_view sqlstate = {}) {
    Execute(sql, duration, sqlstate);
    Settle();
  }
  bool HasSeries(const std::string& operation) {
    return SeriesCount("pgsidecar_statement_duration_seconds_count{datname=\"shop\",operation=\"" +
                       operation + "\"") > 0;
  }
  bool IsOnSlowList(const std::string& operation) {
    return SeriesCount(
               "pgsidecar_statement_last_slow_timestamp_seconds{datname=\"shop\","
               "operation=\"" +
               operation + "\"") > 0;
  }
  /// One window of sixty seconds in which these statements ran so often.
  void Window(const std::string& light, int light_calls, const std::string& heavy,
              int heavy_calls) {
    for (int i = 0; i < light_calls; ++i) Execute(light);
    for (int i = 0; i < heavy_calls; ++i) Execute(heavy);
    Settle();
    clock_.Advance(kMinute);
    catalogue_->MaintainForTest();
  }
};

TEST_F(CatalogueTest, AdmitsWhileThereIsAPlace) {
  Create({.limit = 2});
  for (const char* sql : {"SELECT 1 FROM a", "SELECT 1 FROM b", "SELECT 1 FROM c"}) {
    ExecuteAndSettle(sql);
  }
  EXPECT_EQ(Row("SELECT a").calls, 1U);
  EXPECT_EQ(Row("SELECT b").calls, 1U);
  EXPECT_FALSE(HasSeries("SELECT c"));
  EXPECT_EQ(Row("other").calls, 1U);
  EXPECT_EQ(Value("pgsidecar_statements_tracked"), 2);
  EXPECT_EQ(Value("pgsidecar_statements_limit"), 2);
  EXPECT_EQ(Value("pgsidecar_statement_admissions_total"), 2);
  EXPECT_EQ(Value("pgsidecar_statement_overflow_total"), 1);
}

TEST_F(CatalogueTest, GivesNoPlaceToASyntaxError) {
  Create({});
  ExecuteAndSettle("SELECT a FROM t WHERE WHERE", kMillisecond, "42601");
  catalogue_->MaintainForTest();
  EXPECT_FALSE(HasSeries("SELECT t"));
  EXPECT_EQ(Row("other").errors, 1U);
  ExecuteAndSettle("SELECT a FROM t WHERE WHERE");
  catalogue_->MaintainForTest();
  EXPECT_TRUE(HasSeries("SELECT t")) << "a newer grammar has accepted it";
}

TEST_F(CatalogueTest, LetsAHeavyNewcomerReplaceTheWeakestIncumbent) {
  Create({.limit = 1});
  const std::string light = "SELECT 1 FROM light";
  const std::string heavy = "SELECT 1 FROM heavy";
  ExecuteAndSettle(light);
  clock_.Advance(10 * kMinute);
  catalogue_->MaintainForTest();
  Window(light, 10, heavy, 30);
  Window(light, 10, heavy, 30);
  EXPECT_FALSE(HasSeries("SELECT heavy"));
  Window(light, 10, heavy, 30);
  EXPECT_TRUE(HasSeries("SELECT heavy"));
  EXPECT_EQ(Value("pgsidecar_statement_evictions_total"), 1);
  EXPECT_EQ(Value("pgsidecar_statements_tracked"), 1);

  // The evicted series is frozen, then removed; not one execution is lost before that.
  const std::uint64_t frozen = Row("SELECT light").calls;
  EXPECT_EQ(CallsOnPage(), 121);
  ExecuteAndSettle(light);
  EXPECT_EQ(Row("SELECT light").calls, frozen);
  EXPECT_EQ(CallsOnPage(), 122);
  clock_.Advance(9 * kMinute);
  catalogue_->MaintainForTest();
  EXPECT_TRUE(HasSeries("SELECT light"));
  clock_.Advance(2 * kMinute);
  catalogue_->MaintainForTest();
  EXPECT_FALSE(HasSeries("SELECT light"));
  EXPECT_EQ(SeriesCount("pgsidecar_statement_info"), 2U);
}

TEST_F(CatalogueTest, ContinuesTheSeriesOfWhoComesBackWithinTheGrace) {
  Create({.limit = 1, .grace = std::chrono::hours(2)});
  const std::string one = "SELECT 1 FROM one";
  const std::string two = "SELECT 1 FROM two";
  ExecuteAndSettle(one);
  clock_.Advance(10 * kMinute);
  for (int i = 0; i < 4; ++i) Window(one, 1, two, 10);
  ASSERT_TRUE(HasSeries("SELECT two"));
  const std::uint64_t before = Row("SELECT one").calls;
  for (int i = 0; i < 14; ++i) Window(two, 1, one, 10);
  EXPECT_GT(Row("SELECT one").calls, before);
  EXPECT_EQ(CallsOnPage(), 1 + 44 + 154);
}

TEST_F(CatalogueTest, KeepsANewIncumbentForTenMinutes) {
  Create({.limit = 1});
  ExecuteAndSettle("SELECT 1 FROM light");
  for (int i = 0; i < 9; ++i) Window("SELECT 1 FROM light", 1, "SELECT 1 FROM heavy", 10);
  EXPECT_FALSE(HasSeries("SELECT heavy"));
}

TEST_F(CatalogueTest, CountsEverythingInOtherWithoutPlaces) {
  Create({.limit = 0});
  ExecuteAndSettle("SELECT 1 FROM t");
  EXPECT_EQ(Row("other").calls, 1U);
  EXPECT_EQ(SeriesCount("pgsidecar_statement_duration_seconds_count"), 1U);
}

TEST_F(CatalogueTest, PinsConfiguredOperations) {
  Create({.limit = 0, .operations = {{.name = "find user", .sql = "SELECT 1 FROM users"}}});
  ExecuteAndSettle("select 2 from users");
  EXPECT_EQ(Row("find user").calls, 1U);
  EXPECT_EQ(Value("pgsidecar_statements_tracked"), 0);
}

TEST_F(CatalogueTest, NamesOperationsFromComments) {
  Create({.names_from_comments = {"action"}});
  const std::string sql = "SELECT 1 FROM users";
  ExecuteAndSettle(sql + " /*action='list'*/");
  ExecuteAndSettle(sql + " /*action='show'*/");
  ExecuteAndSettle(sql);
  EXPECT_EQ(Row("list").calls, 1U);
  EXPECT_EQ(Row("show").calls, 1U);
  EXPECT_EQ(Row("SELECT users").calls, 1U);
  EXPECT_EQ(Row("list").fingerprint, Row("show").fingerprint);
}

TEST_F(CatalogueTest, RefusesAWrongOperation) {
  const auto created = Catalogue::Create({.operations = {{.name = "broken"}}}, registry_, clock_);
  ASSERT_FALSE(created.ok());
  EXPECT_NE(created.error().message.find("broken"), std::string::npos);
}

TEST_F(CatalogueTest, ShowsOnlyWhatThePolicyAllows) {
  const std::string sql = "SELECT name FROM users";
  Create({.text = TextPolicy::kSummary});
  ExecuteAndSettle(sql);
  EXPECT_EQ(Row("SELECT users").summary, "SELECT users");
  EXPECT_EQ(Row("SELECT users").query, "");
  index_.reset();
  metrics::Registry registry(1.0);
  auto created = Catalogue::Create({.text = TextPolicy::kOff}, registry, clock_);
  ASSERT_TRUE(created.ok());
  StatementIndex index(*created.value(), clock_);
  const ScannedText text = index.Scan(sql, Context());
  created.value()->DrainForTest();
  index.Poll();
  EXPECT_EQ(index.Describe(*text.statements[0].cell).operation, "SELECT");
  EXPECT_EQ(metrics::TextPage(registry).find("users"), std::string::npos);
}

TEST_F(CatalogueTest, ShowsASlowStatementAtOnceEvenWithoutAPlace) {
  Create({.limit = 0});
  ExecuteAndSettle("SELECT 1 FROM reports", kSlow);
  catalogue_->MaintainForTest();
  EXPECT_TRUE(IsOnSlowList("SELECT reports"));
  EXPECT_EQ(Value("pgsidecar_statement_last_slow_duration_seconds"), 2);
  EXPECT_EQ(SeriesCount("pgsidecar_statement_info"), 2U);
  clock_.Advance(10 * kMinute + kNanosPerSecond);
  catalogue_->MaintainForTest();
  EXPECT_FALSE(IsOnSlowList("SELECT reports"));
  EXPECT_EQ(SeriesCount("pgsidecar_statement_info"), 1U);
}

TEST_F(CatalogueTest, LetsTenStatementsAMinuteJoinTheSlowList) {
  Create({.limit = 0});
  for (int i = 0; i < 15; ++i) Execute(Query(i), kSlow);
  Settle();
  catalogue_->MaintainForTest();
  EXPECT_EQ(SeriesCount("pgsidecar_statement_last_slow_timestamp_seconds"), 11U);
  EXPECT_TRUE(IsOnSlowList("other"));
  clock_.Advance(kMinute);
  Execute("SELECT 1 FROM late", kSlow);
  Settle();
  catalogue_->MaintainForTest();
  EXPECT_TRUE(IsOnSlowList("SELECT late"));
}

TEST_F(CatalogueTest, KeepsFiftyStatementsOnTheSlowList) {
  Create({.limit = 0});
  for (int i = 0; i < 70; ++i) {
    ExecuteAndSettle(Query(i), kSlow);
    catalogue_->MaintainForTest();
    clock_.Advance(7 * kNanosPerSecond);
  }
  EXPECT_EQ(SeriesCount("pgsidecar_statement_last_slow_timestamp_seconds"), 50U);
  EXPECT_FALSE(IsOnSlowList("SELECT taa"));
  EXPECT_TRUE(IsOnSlowList("SELECT tcr"));
}

TEST_F(CatalogueTest, ForgetsWhatNothingRefersTo) {
  Create({.limit = 1});
  for (int i = 0; i < 20'000; ++i) {
    Execute("SELECT c" + std::to_string(i) + " FROM t");
    if (i % 500 == 0) Settle();
  }
  Settle();
  index_.reset();
  catalogue_->MaintainForTest();
  EXPECT_EQ(catalogue_->Snapshot().size(), 2U);
  EXPECT_EQ(CallsOnPage(), 20'000);
}

TEST_F(CatalogueTest, TellsQuantilesOfTheSnapshot) {
  Create({});
  for (int i = 0; i < 90; ++i) Execute("SELECT 1 FROM t", 30 * kMillisecond);
  for (int i = 0; i < 10; ++i) Execute("SELECT 1 FROM t", 700 * kMillisecond);
  Execute("SELECT 1 FROM u", 20 * kNanosPerSecond);
  Settle();
  const StatementRow row = Row("SELECT t");
  EXPECT_GT(row.p50_seconds, 0.01);
  EXPECT_LE(row.p50_seconds, 0.05);
  EXPECT_GT(row.p95_seconds, 0.5);
  EXPECT_LE(row.p99_seconds, 1.0);
  EXPECT_NEAR(row.mean_seconds, 0.097, 1e-6);
  EXPECT_EQ(Row("SELECT u").p99_seconds, 10) << "the last bound stands for what is beyond";
  EXPECT_EQ(catalogue_->Snapshot().front().operation, "SELECT u") << "largest total first";
}

TEST_F(CatalogueTest, GivesUpOnLateAnswers) {
  Create({});
  // The worker may be faster now and then, but not always.
  int shapes = 0;
  double late = 0;
  for (int round = 0; round < 50 && late == 0; ++round) {
    for (int i = 0; i < 1000; ++i) Execute("SELECT c" + std::to_string(++shapes) + " FROM t");
    clock_.Advance(6 * kNanosPerSecond);
    index_->Poll();
    late = Value("pgsidecar_statement_parses_total{kind=\"timeout\"}");
  }
  EXPECT_GT(late, 0);
  EXPECT_EQ(CallsOnPage(), shapes);
  Settle();
  EXPECT_EQ(CallsOnPage(), shapes);
  EXPECT_EQ(Value("pgsidecar_statements_pending"), 0);
}

/// Section by section what must never show: the marker stands wherever a literal can.
TEST_F(CatalogueTest, ShowsNoLiteral) {
  const std::string marker = "k5ec3et";
  const std::vector<std::string> texts = {
      "EXECUTE p('" + marker + "', 1)",
      "NOTIFY c, '" + marker + "'",
      "PREPARE p AS SELECT '" + marker + "'",
      "COPY t TO PROGRAM '" + marker + "'",
      "COMMENT ON TABLE t IS '" + marker + "'",
      "ALTER ROLE u PASSWORD '" + marker + "'",
      "CREATE USER MAPPING FOR u SERVER s OPTIONS (password '" + marker + "')",
      "CREATE SUBSCRIPTION s CONNECTION 'password=" + marker + "' PUBLICATION p",
      "SET a.b = '" + marker + "'",
      "SET a = " + marker,
      "DO $$" + marker + "$$",
      "CREATE FUNCTION f() RETURNS int AS $x$" + marker + "$x$ LANGUAGE sql",
      "LISTEN " + marker,
      "SAVEPOINT " + marker,
      "CALL p('" + marker + "')",
      "SELECT '" + marker + "'",
      "SELECT E'\\'" + marker + "'",
      "SELECT U&'" + marker + "' UESCAPE '!'",
      "SELECT N'" + marker + "', B'" + marker + "', X'" + marker + "'",
      "SELECT $$" + marker + "$$, $a$" + marker + "$a$",
      "SELECT 'a'\n'" + marker + "'",
      "SELECT 1" + marker + " FROM t",
      "SELECT $" + marker + " FROM t",
      "SELECT a /* " + marker + " */ FROM t -- " + marker,
      "SELECT a FROM t WHERE b = '" + marker,
      "SELECT a FROM t WHERE b IN ('x', '" + marker + "')",
      "INSERT INTO t VALUES (1, '" + marker + "'), (2, '" + marker + "')",
      "SELECT interval '" + marker + "', date '" + marker + "'",
      "SELECT a FROM t LIMIT '" + marker + "'",
      "SELECT a FROM t WHERE b LIKE '" + marker + "' ESCAPE '" + marker + "'",
      "EXPLAIN SELECT '" + marker + "'",
      "DECLARE c CURSOR FOR SELECT '" + marker + "'",
      "SELECT a::varchar('" + marker + "')",
      "selec " + marker,
      "SELECT 1 /*action='" + marker + "',traceparent='" + marker + "'*/",
  };
  Create({});
  for (const bool conforming : {true, false}) {
    for (const std::string& text : texts) {
      ScanContext context = Context();
      context.standard_conforming_strings = conforming;
      const ScannedText scanned = index_->Scan(text, context);
      ASSERT_FALSE(scanned.statements.empty()) << text;
      const Ref<Referenced> cell = scanned.statements[0].cell;
      Execute(*cell, kSlow);
      Settle();
      const StatementView view = index_->Describe(*cell);
      const std::string all =
          std::string(view.operation) + std::string(view.summary) + std::string(view.query);
      EXPECT_EQ(all.find(marker), std::string::npos) << text << "\n" << all;
    }
  }
  catalogue_->MaintainForTest();
  EXPECT_EQ(metrics::TextPage(registry_).find(marker), std::string::npos);
}

}  // namespace
}  // namespace pgsidecar::sql
