#include "sql/shape_builder.h"

#include <gtest/gtest.h>

#include <set>

#include "unit/sql/corpus.h"
#include "unit/sql/scan_text.h"

namespace pgsidecar::sql {
namespace {

TEST(ShapeBuilder, PrintsOneSpellingOfALayout) {
  EXPECT_EQ(Canonical1("select  a . b ,c::int,f ( x ),g(*) from t where( a=1 )"),
            "SELECT a.b, c::int, f(x), g(*) FROM t WHERE (a = $1)");
  EXPECT_EQ(Canonical1("select a [ 1 : 2 ] , array [1] [2]"), "SELECT a[$1 : $2], ARRAY[$3][$4]");
}

TEST(ShapeBuilder, FoldsListsOfEqualElements) {
  const std::pair<const char*, const char*> cases[] = {
      {"a IN (1, 2, 3)", "a IN ($1)"},
      {"a IN ('x')", "a IN ($1)"},
      {"a IN (1, b, 2, 3)", "a IN ($1, b, $2)"},
      {"a IN (1, 2) AND b = 3", "a IN ($1) AND b = $2"},
      {"(a, b) IN ((1, 2), (3, 4), ($1, $2))", "(a, b) IN (($1, $2))"},
      {"a = ANY (ARRAY[1, 2, 3])", "a = ANY (ARRAY[$1])"},
      {"ARRAY[[1, 2], [3, 4]]", "ARRAY[[$1], [$2]]"},
      {"VALUES (1, 'a'), (2, 'b')", "VALUES ($1, $2)"},
      {"VALUES (1, 'a'), (2, now()), (3, now()), (4, 'b')",
       "VALUES ($1, $2), ($3, now()), ($4, $5)"},
      {"VALUES (1), (2) ON CONFLICT DO NOTHING", "VALUES ($1) ON CONFLICT DO NOTHING"},
      {"(VALUES (1), (2)), (VALUES (3))", "(VALUES ($1)), (VALUES ($2))"},
      {"VALUES (ARRAY[1, 2]), (ARRAY[3])", "VALUES (ARRAY[$1])"},
      {"a IN (-1, 2, -3)", "a IN ($1)"},
  };
  for (const auto& [text, canonical] : cases) EXPECT_EQ(Canonical1(text), canonical) << text;
}

TEST(ShapeBuilder, LeavesTheColumnsOfASubqueryAlone) {
  EXPECT_EQ(Canonical1("(a, b) IN (SELECT c, c FROM t)"), "(a, b) IN (SELECT c, c FROM t)");
  EXPECT_EQ(Canonical1("a IN (WITH x AS (SELECT b, b) TABLE x)"),
            "a IN (WITH x AS (SELECT b, b) TABLE x)");
  EXPECT_EQ(Canonical1("a IN (VALUES (1), (2))"), "a IN (VALUES ($1))");
  EXPECT_EQ(Canonical1("f(1, 2), (3, 4), a.values, x"), "f($1, $2), ($3, $4), a.values, x")
      << "only lists after IN, ARRAY and VALUES are folded";
}

TEST(ShapeBuilder, FoldsToSixteenLevels) {
  std::string deep = "1, 2";
  for (int i = 0; i < 40; ++i) deep = "a IN (" + deep + "), a IN (" + deep.substr(0, 0) + "3)";
  const Scanned scanned = ScanOne(deep);
  EXPECT_EQ(ScanOne(scanned.canonical).shape.hash, scanned.shape.hash);
}

TEST(ShapeBuilder, KeepsTheModifiersOfTypes) {
  EXPECT_EQ(Canonical1("a::varchar(20), b::numeric(10,2), timestamp(3) 'x', current_time(0)"),
            "a::varchar(20), b::numeric(10, 2), timestamp(3) $1, CURRENT_TIME(0)");
  EXPECT_EQ(Canonical1("a::varchar(20000), b::char('x'), c(20), d::numeric(f(1))"),
            "a::varchar($1), b::char($2), c($3), d::numeric(f($4))");
  EXPECT_NE(Shape1("SELECT a::varchar(20)"), Shape1("SELECT a::varchar(21)"));
}

TEST(ShapeBuilder, KeepsDigitsAndDotsApartAsTheyWere) {
  for (const char* text : {"SELECT a::numeric(1 . x)", "SELECT a::numeric(. 1)"}) {
    const Scanned scanned = ScanOne(text);
    EXPECT_EQ(Shape1(scanned.canonical), scanned.shape.hash) << scanned.canonical;
  }
}

TEST(ShapeBuilder, GivesOneShapeToWhatDiffersInDataOnly) {
  const std::vector<std::vector<const char*>> groups = {
      {"SELECT a FROM t WHERE b = 1", "select A from T where B='x'", "SELECT a FROM t WHERE b = $7",
       "SELECT/**/a FROM t -- x\nWHERE b=1.5;", "SELECT a\n\tFROM t WHERE b = $$x$$"},
      {"SELECT a FROM t WHERE b IN (1)", "SELECT a FROM t WHERE b IN (1, 2, 3)"},
      {"INSERT INTO t VALUES (1, 2)", "INSERT INTO t VALUES ('a', $1), (-3, 'b')"},
  };
  for (const auto& group : groups) {
    for (const char* text : group) EXPECT_EQ(Shape1(text), Shape1(group.front())) << text;
  }
}

TEST(ShapeBuilder, GivesDifferentShapesWhenOneTokenDiffers) {
  const std::vector<std::string> texts = {
      "SELECT a FROM t WHERE b = 1",
      "SELECT c FROM t WHERE b = 1",
      "SELECT a FROM u WHERE b = 1",
      "SELECT a FROM t WHERE b < 1",
      "SELECT a FROM t WHERE b <= 1",
      "SELECT a FROM t WHERE b = TRUE",
      "SELECT a FROM t WHERE b = NULL",
      "SELECT a FROM t WHERE b = - $1",
      "SELECT \"A\" FROM t WHERE b = 1",
      "SELECT a FROM t WHERE b = (1)",
      "SELECT a FROM t WHERE b = (1, 2)",
      "SELECT a FROM t WHERE b IN (1)",
      "SELECT a FROM t WHERE b = [1]",
      "SELECT a FROM t WHERE b = 1 LIMIT 1",
      "SELECT a FROM t WHERE b = 1 OFFSET 1",
      "SELECT a FROM t WHERE b = 1 LIMIT 1 OFFSET 1",
      "SELECT a FROM t WHERE b = 1 OFFSET 1 LIMIT 1",
      "SELECT a FROM t WHERE b = 1::int",
      "SELECT a . a FROM t WHERE b = 1",
      "INSERT INTO t VALUES (1)",
      "INSERT INTO t VALUES (1, 2)",
      "INSERT INTO t VALUES (1), (1, 2)",
      "INSERT INTO t VALUES (1), (DEFAULT)",
  };
  std::set<std::uint64_t> shapes;
  for (const std::string& text : texts) shapes.insert(Shape1(text));
  EXPECT_EQ(shapes.size(), texts.size());
}

/// Every statement of the corpus with one word taken out has another shape.
TEST(ShapeBuilder, NoticesAMissingWord) {
  for (const std::string& text : Corpus()) {
    const Scanned whole = ScanOne(text);
    const std::string& canonical = whole.canonical;
    for (std::size_t space = canonical.find(' '); space != std::string::npos;
         space = canonical.find(' ', space + 1)) {
      std::string cut = canonical;
      cut.erase(space, cut.find(' ', space + 1) - space);
      const Scanned other = ScanOne(cut);
      if (other.canonical == canonical) continue;  // A folded list: nothing is missing.
      EXPECT_NE(other.shape.hash, whole.shape.hash) << canonical << "\n" << cut;
    }
  }
}

TEST(ShapeBuilder, KnowsOtherStatementsByTheirTagAlone) {
  EXPECT_EQ(Shape1("SET a = 'x'"), Shape1("set session b to 1, 2"));
  EXPECT_EQ(Shape1("CREATE TABLE a (b int)"), Shape1("create temp table c as select 1"));
  EXPECT_NE(Shape1("CREATE TABLE a (b int)"), Shape1("CREATE VIEW a AS SELECT 1"));
  EXPECT_NE(Shape1("COMMIT"), Shape1("COMMIT AND CHAIN"));
}

TEST(ShapeBuilder, FoldsAThousandRowsIntoOneShortText) {
  std::string text = "INSERT INTO t (a, b) VALUES (1, 'x')";
  for (int i = 0; i < 5000; ++i) text += ", (" + std::to_string(i) + ", 'yyyyyyyyyyyyyyyyyyyyyy')";
  const Scanned scanned = ScanOne(text);
  EXPECT_FALSE(scanned.too_long);
  EXPECT_EQ(scanned.canonical, "INSERT INTO t(a, b) VALUES ($1, $2)");
}

}  // namespace
}  // namespace pgsidecar::sql
