#include "sql/statement_traits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/sql/cache_fixture.h"

namespace pgsidecar::sql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(StatementTraits, ReadsRelationsWithTheirSchemas) {
  const auto traits = TraitsOf(
      "SELECT (SELECT max(x) FROM s.inner_one) FROM users u JOIN \"Odd\".\"T\" USING (id), LATERAL "
      "(SELECT 1 FROM orders) o WHERE EXISTS (TABLE v) UNION SELECT 1 FROM users");
  EXPECT_THAT(traits.reads,
              ElementsAre(UsedName{"", "orders"}, UsedName{"", "users"}, UsedName{"", "v"},
                          UsedName{"Odd", "T"}, UsedName{"s", "inner_one"}));
  EXPECT_TRUE(traits.single_select);
  EXPECT_THAT(traits.writes, IsEmpty());
}

TEST(StatementTraits, KnowsWhatIsWritten) {
  const std::pair<const char*, UsedName> cases[] = {
      {"INSERT INTO t SELECT * FROM r", {"", "t"}},
      {"INSERT INTO s.t VALUES (1) ON CONFLICT DO NOTHING", {"s", "t"}},
      {"UPDATE ONLY t SET a = 1 FROM r", {"", "t"}},
      {"DELETE FROM t USING r", {"", "t"}},
      {"MERGE INTO t USING r ON true WHEN MATCHED THEN DELETE", {"", "t"}},
      {"COPY t FROM STDIN", {"", "t"}},
      {"TRUNCATE t", {"", "t"}},
      {"REFRESH MATERIALIZED VIEW CONCURRENTLY t", {"", "t"}},
      {"WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x", {"", "t"}},
      {"EXPLAIN ANALYZE DELETE FROM t", {"", "t"}},
  };
  for (const auto& [text, name] : cases) {
    const auto traits = TraitsOf(text);
    EXPECT_THAT(traits.writes, ElementsAre(name)) << text;
    EXPECT_FALSE(traits.changes_definitions) << text;
    EXPECT_FALSE(traits.writes_unknown) << text;
  }
  EXPECT_THAT(TraitsOf("COPY t TO STDOUT").writes, IsEmpty());
  EXPECT_THAT(TraitsOf("TRUNCATE a, b.c").writes,
              ElementsAre(UsedName{"", "a"}, UsedName{"b", "c"}));
  EXPECT_THAT(TraitsOf("UPDATE t SET a = 1 FROM r").reads, ElementsAre(UsedName{"", "r"}));
}

TEST(StatementTraits, KnowsNamesThatMayBeCommonTableExpressions) {
  const auto traits = TraitsOf("WITH users AS (SELECT 1 FROM users) SELECT * FROM users, s.users");
  ASSERT_EQ(traits.reads.size(), 2U);
  EXPECT_TRUE(traits.reads[0].maybe_cte);
  EXPECT_EQ(traits.reads[1].schema, "s");
  EXPECT_FALSE(traits.reads[1].maybe_cte);
}

TEST(StatementTraits, KnowsFunctionsAndOperators) {
  const auto traits = TraitsOf(
      "SELECT lower(a), s.f(b), extract(year FROM c), count(*) OVER (), d AT TIME ZONE 'UTC' "
      "FROM t WHERE a LIKE 'x' AND b BETWEEN 1 AND 2 AND c OPERATOR(s.@@) d AND e <> ALL ($1) "
      "AND g IN (SELECT 1) ORDER BY a USING >");
  EXPECT_THAT(
      traits.functions,
      ElementsAre(UsedName{"", "count"}, UsedName{"", "lower"}, UsedName{"pg_catalog", "extract"},
                  UsedName{"pg_catalog", "timezone"}, UsedName{"s", "f"}));
  EXPECT_THAT(traits.operators,
              ElementsAre(UsedName{"", "<="}, UsedName{"", "<>"}, UsedName{"", ">"},
                          UsedName{"", ">="}, UsedName{"", "~~"}, UsedName{"s", "@@"}));
}

TEST(StatementTraits, KnowsFlags) {
  const std::pair<const char*, bool StatementTraits::*> cases[] = {
      {"SELECT 1 INTO t", &StatementTraits::into},
      {"SELECT * FROM t FOR UPDATE", &StatementTraits::locking},
      {"SELECT * FROM (SELECT * FROM t FOR KEY SHARE) x", &StatementTraits::locking},
      {"WITH x AS (INSERT INTO t VALUES (1) RETURNING 1) SELECT 1",
       &StatementTraits::data_modifying_cte},
      {"SELECT * FROM t TABLESAMPLE SYSTEM (1)", &StatementTraits::tablesample},
      {"SELECT CURRENT_DATE", &StatementTraits::current_value},
      {"SELECT * FROM t WHERE a = CURRENT_USER", &StatementTraits::current_value},
      {"SELECT LOCALTIMESTAMP(3)", &StatementTraits::current_value},
      {"SELECT 'now'::timestamptz", &StatementTraits::special_time},
      {"SELECT date ' Today '", &StatementTraits::special_time},
      {"SELECT * FROM t WHERE d > 'yesterday 10:00'", &StatementTraits::special_time},
      {"SELECT '[today,tomorrow)'::daterange", &StatementTraits::special_time},
      {"SELECT 't'::regclass", &StatementTraits::reg_cast},
      {"SELECT CAST($1 AS pg_catalog.regprocedure[])", &StatementTraits::reg_cast},
      {"CALL f(1)", &StatementTraits::writes_unknown},
      {"DO 'begin end'", &StatementTraits::writes_unknown},
      {"EXECUTE p(1)", &StatementTraits::writes_unknown},
      {"EXPLAIN ANALYZE EXECUTE p(1)", &StatementTraits::writes_unknown},
      {"COMMIT PREPARED 'x'", &StatementTraits::writes_unknown},
      {"CREATE TABLE t (a int)", &StatementTraits::changes_definitions},
      {"DROP VIEW v", &StatementTraits::changes_definitions},
      {"GRANT SELECT ON t TO u", &StatementTraits::changes_definitions},
      {"REVOKE u FROM v", &StatementTraits::changes_definitions},
      {"ALTER ROLE u SET search_path = x", &StatementTraits::changes_definitions},
      {"ALTER DATABASE d SET timezone = x", &StatementTraits::changes_definitions},
      {"ALTER SYSTEM SET timezone = x", &StatementTraits::changes_definitions},
      {"CREATE POLICY p ON t USING (true)", &StatementTraits::changes_definitions},
      {"ALTER TABLE t ENABLE ROW LEVEL SECURITY", &StatementTraits::changes_definitions},
      {"CREATE TABLE t AS SELECT 1", &StatementTraits::changes_definitions},
      {"SELECT 1 INTO t", &StatementTraits::changes_definitions},
      {"CREATE TEMP TABLE t (a int)", &StatementTraits::changes_session},
      {"CREATE TEMP TABLE t AS SELECT 1", &StatementTraits::changes_session},
      {"SET ROLE u", &StatementTraits::changes_session},
      {"PREPARE p AS SELECT 1", &StatementTraits::changes_session},
      {"BEGIN", &StatementTraits::changes_session},
      {"LISTEN x", &StatementTraits::changes_session},
  };
  for (const auto& [text, flag] : cases) EXPECT_TRUE(TraitsOf(text).*flag) << text;
  const auto plain = TraitsOf("SELECT a FROM t WHERE b = 'known unknown' AND c = $1::date");
  for (const auto& [text, flag] : cases) EXPECT_FALSE(plain.*flag) << text;
  EXPECT_FALSE(TraitsOf("CREATE TEMP TABLE t (a int)").changes_definitions);
}

TEST(StatementTraits, IsASingleSelectOnlyAlone) {
  for (const char* text :
       {"SELECT 1", "VALUES (1)", "TABLE t", "WITH a AS (SELECT 1) TABLE a", "SELECT 1;"}) {
    EXPECT_TRUE(TraitsOf(text).single_select) << text;
  }
  for (const char* text : {"SELECT 1; SELECT 2", "INSERT INTO t VALUES (1)", "EXPLAIN SELECT 1",
                           "DECLARE c CURSOR FOR SELECT 1", "COPY (SELECT 1) TO STDOUT", ""}) {
    EXPECT_FALSE(TraitsOf(text).single_select) << text;
  }
  EXPECT_THAT(TraitsOf("SELECT 1; DELETE FROM t").writes, ElementsAre(UsedName{"", "t"}));
}

TEST(StatementTraits, RefusesWhatTheGrammarDoesNotKnow) {
  EXPECT_FALSE(ReadTraitsElsewhere("SELEC 1").has_value());
  EXPECT_FALSE(ReadTraitsElsewhere("SELECT " + std::string(kTraitsTextMax, '1')).has_value());
}

TEST(StatementTraits, SurvivesDeepNesting) {
  for (const char* piece : {"1+", "NOT ", "(", "f(", "a.", "'a'||"}) {
    std::string text = "SELECT ";
    while (text.size() + 10 < kTraitsTextMax) text += piece;
    text += "1";
    static_cast<void>(ReadTraitsElsewhere(text));  // Accepted or refused, not crashed.
  }
}

TEST(StatementTraits, FindsWordsThatMeanNow) {
  for (const char* text : {"now", " NOW ", "Today", "today10:00", "{now}", "tomorrow UTC"}) {
    EXPECT_TRUE(SpellsMoment(text)) << text;
  }
  for (const char* text : {"", "known", "snow", "nowhere", "todays", "2024-01-01"}) {
    EXPECT_FALSE(SpellsMoment(text)) << text;
  }
  EXPECT_FALSE(SpellsMoment("now" + std::string(200, ' ')));
}

TEST(StatementTraits, QuotesIdentifiersLikePostgres) {
  const std::pair<const char*, const char*> cases[] = {
      {"users", "users"},
      {"_a1", "_a1"},
      {"Users", "\"Users\""},
      {"user", "\"user\""},
      {"1a", "\"1a\""},
      {"a b", "\"a b\""},
      {"a\"b", "\"a\"\"b\""},
      {"", "\"\""},
      {"name", "name"},
      {"role", "role"},
      {"values", "\"values\""},
      {"a$", "\"a$\""},
      {"\xc3\xa9", "\"\xc3\xa9\""},
  };
  for (const auto& [name, quoted] : cases) EXPECT_EQ(QuoteIdentifier(name), quoted);
}

}  // namespace
}  // namespace pgsidecar::sql
