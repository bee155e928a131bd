#include "sql/scanner.h"

#include <gmock/gmock.h>

#include <ctime>

#include "unit/sql/corpus.h"
#include "unit/sql/scan_text.h"

namespace pgsidecar::sql {
namespace {

using metrics::Command;
using ::testing::ElementsAre;

TEST(Scanner, MasksEveryKindOfLiteral) {
  for (const char* literal : {"1",
                              ".5",
                              "5.",
                              "1e10",
                              "1.5E-3",
                              "0x1F",
                              "0b101",
                              "0o17",
                              "1_000",
                              "'x'",
                              "''",
                              "'it''s'",
                              R"(E'it\'s')",
                              R"(e'\\')",
                              "B'101'",
                              "X'1F'",
                              "n'x'",
                              "U&'d\\0061'",
                              "U&'d!0061' UESCAPE '!'",
                              "'a' 'b'",
                              "'a'\n  'b'",
                              "$$x$$",
                              "$$it's$$",
                              "$t$ $$ $x$ $t$",
                              "$1",
                              "$23",
                              "-5",
                              "- 5"}) {
    EXPECT_EQ(Canonical1(std::string("SELECT ") + literal), "SELECT $1") << literal;
  }
}

TEST(Scanner, KeepsWordsThatAreNoData) {
  EXPECT_EQ(Canonical1("select true, False, NULL, default"), "SELECT TRUE, FALSE, NULL, DEFAULT");
}

TEST(Scanner, FoldsTheCaseOfUnquotedWordsOnly) {
  EXPECT_EQ(Canonical1("SELECT Foo, \"Foo\", \"a\"\"B\" FROM Bar"),
            "SELECT foo, \"Foo\", \"a\"\"B\" FROM bar");
  EXPECT_NE(Shape1("SELECT foo"), Shape1("SELECT \"foo\""));
  EXPECT_NE(Shape1("SELECT \"Foo\""), Shape1("SELECT \"foo\""));
  EXPECT_EQ(Canonical1("SELECT caf\xc3\x89"), "SELECT caf\xc3\x89");
}

TEST(Scanner, KnowsBackslashesInTheOldStringMode) {
  const std::string sql = R"(SELECT 'a\' , secret, ' + d)";
  EXPECT_EQ(ScanOne(sql, true).canonical, "SELECT $1, secret, $2");
  EXPECT_EQ(ScanOne(sql, false).canonical, "SELECT $1 + d");
}

TEST(Scanner, ContinuesAnEscapeStringOnTheNextLineAsOne) {
  EXPECT_EQ(Canonical1("SELECT E'a'\n'b\\'c', d"), "SELECT $1, d");
  EXPECT_EQ(Canonical1("SELECT E'a' -- x\n'b\\'c', d"), "SELECT $1, d");
}

TEST(Scanner, DollarQuotesDoNotBeginWithinWords) {
  EXPECT_EQ(Canonical1("SELECT a$b$c, d$$e FROM t"), "SELECT a$b$c, d$$e FROM t");
  EXPECT_EQ(Canonical1("SELECT $a$x$b$y$a$, z"), "SELECT $1, z");
  EXPECT_EQ(Canonical1("SELECT $a$x$a $a$, z"), "SELECT $1, z");
}

TEST(Scanner, ShowsNothingOfADollarQuoteWithAnEndlessTag) {
  const std::string tag = "$" + std::string(100, 'x') + "$";
  EXPECT_EQ(Canonical1("SELECT " + tag + "secret" + tag + ", a"), "SELECT $1");
}

TEST(Scanner, SwallowsTheRestBehindWhatIsNotClosed) {
  for (const char* text : {"SELECT 'secret; a", "SELECT $$secret; a", "SELECT E'secret\\",
                           "SELECT $t$secret$t", "SELECT U&'secret"}) {
    EXPECT_EQ(Canonical1(text), "SELECT $1") << text;
  }
  EXPECT_EQ(Canonical1("SELECT a /* secret; b"), "SELECT a");
  EXPECT_EQ(Canonical1("SELECT \"open; a"), "SELECT \"open; a\"");
}

TEST(Scanner, EndsAtNul) {
  EXPECT_EQ(Canonical1(std::string_view("SELECT a\0, b", 12)), "SELECT a");
  EXPECT_EQ(Canonical1(std::string_view("SELECT 'a\0', b", 14)), "SELECT $1");
}

TEST(Scanner, TakesControlBytesForSpace) {
  EXPECT_EQ(Canonical1("SELECT\x01 a,\v\f\r\n\tb\x7f, c"), "SELECT a, b, c");
}

TEST(Scanner, RemovesComments) {
  EXPECT_EQ(Canonical1("/* a */ SELECT /* b /* nested */ still */ a -- c\n , b--"), "SELECT a, b");
  EXPECT_EQ(Canonical1("SELECT a+/* x */+b, c*--y\nd, e/*/**/*/f"), "SELECT a + + b, c * d, e f");
}

TEST(Scanner, SplitsOperatorsLikePostgres) {
  EXPECT_EQ(Canonical1("a=-1"), "a = $1");
  EXPECT_EQ(Canonical1("a*-b"), "a * - b");
  EXPECT_EQ(Canonical1("a@-b"), "a @- b");
  EXPECT_EQ(Canonical1("a+-+b"), "a + - + b");
  EXPECT_EQ(Canonical1("a->>'x', b?'k', c?|d, e@?f, g::int, h<->i, j=>k, l:=m"),
            "a ->> $1, b ? $2, c ?| d, e @? f, g::int, h <-> i, j => k, l := m");
}

TEST(Scanner, JoinsASignToItsNumber) {
  EXPECT_EQ(Canonical1("SELECT a - 1, a -1, (-1), x[-1], f(a, -2)"),
            "SELECT a - $1, a - $2, ($3), x[$4], f(a, $5)");
  EXPECT_EQ(Canonical1("SELECT current_date - 1, CASE WHEN a THEN -1 END - 1"),
            "SELECT CURRENT_DATE - $1, CASE WHEN a THEN $2 END - $3");
  EXPECT_EQ(Canonical1("SELECT -$1, -x, +1, -5::int, - 'x'"),
            "SELECT - $1, - x, + $2, - $3::int, - $4");
}

TEST(Scanner, ClassifiesByTheFirstWord) {
  const std::pair<const char*, Command> cases[] = {
      {"select 1", Command::kSelect},
      {"(select 1)", Command::kSelect},
      {"values (1)", Command::kSelect},
      {"table t", Command::kSelect},
      {"insert into t values (1)", Command::kInsert},
      {"update t set a = 1", Command::kUpdate},
      {"delete from t", Command::kDelete},
      {"merge into t using s on true when matched then delete", Command::kMerge},
      {"call f()", Command::kCall},
      {"with x as (delete from t returning *) select * from x", Command::kSelect},
      {"with x as (select 1) insert into t select * from x", Command::kInsert},
      {"with recursive update as (select 1), delete (a) as materialized (select 2) update t set "
       "a=1",
       Command::kUpdate},
      {"with x as (select 1) delete from t", Command::kDelete},
      {"begin", Command::kTransaction},
      {"start transaction", Command::kTransaction},
      {"rollback to savepoint a", Command::kTransaction},
      {"prepare transaction 'x'", Command::kTransaction},
      {"create table t (a int)", Command::kDdl},
      {"grant select on t to u", Command::kDdl},
      {"vacuum t", Command::kUtility},
      {"explain select 1", Command::kUtility},
      {"prepare x as select 1", Command::kUtility},
      {"copy t from stdin", Command::kUtility},
      {"selec 1", Command::kUnknown},
      {"42", Command::kUnknown},
      {"\"select\" 1", Command::kUnknown},
  };
  for (const auto& [text, command] : cases) {
    EXPECT_EQ(ScanOne(text).shape.command, command) << text;
  }
}

TEST(Scanner, KnowsControlStatements) {
  for (const char* text :
       {"begin", "commit", "rollback", "end", "abort", "savepoint a", "release a",
        "start transaction", "prepare transaction 'x'", "commit prepared 'x'", "set a = 1",
        "show a", "reset all", "deallocate all", "discard all"}) {
    EXPECT_TRUE(ScanOne(text).shape.control) << text;
  }
  for (const char* text : {"select 1", "prepare x as select 1", "create table t ()", "lock t"}) {
    EXPECT_FALSE(ScanOne(text).shape.control) << text;
  }
  EXPECT_TRUE(ScanOne("commit and chain").shape.and_chain);
  EXPECT_TRUE(ScanOne("rollback work and chain").shape.and_chain);
  EXPECT_FALSE(ScanOne("commit and no chain").shape.and_chain);
  EXPECT_FALSE(ScanOne("select a and chain").shape.and_chain);
}

TEST(Scanner, SplitsAtSemicolonsOutsideOfBracketsAndBodies) {
  EXPECT_EQ(ScanAll("select 1; ; select 2;;").size(), 2U);
  EXPECT_EQ(ScanAll("create rule r as on insert to t do (select 1; select 2); select 3").size(),
            2U);
  const char* body =
      "create function f() returns int begin atomic select case when a then 1 end; select 2; end; "
      "select 3";
  EXPECT_EQ(ScanAll(body).size(), 2U);
  EXPECT_EQ(ScanAll("begin; select 1; end").size(), 3U);
}

TEST(Scanner, KeepsTheFirstAndTheLastComment) {
  const std::vector<Scanned> all =
      ScanAll("/*a*/ select /* b */ 1 -- c\n; select 2 /* d; */; select 3");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_THAT(all[0].comments, ElementsAre("a", " c"));
  EXPECT_THAT(all[1].comments, ElementsAre(" d; "));
  EXPECT_TRUE(all[2].comments.empty());
}

TEST(Scanner, ReadsOneMebibyteOfAText) {
  const std::string start = "SELECT a";
  std::string text = start + std::string(Scanner::kTextMax - start.size(), ' ');
  EXPECT_EQ(Shape1(text), Shape1(start));
  EXPECT_EQ(ScanOne(text + "FROM t").canonical, "SELECT a");
  EXPECT_NE(Shape1(text + "FROM t"), Shape1(start));
  EXPECT_EQ(Shape1(text + "FROM t"), Shape1(text + "FROM u"));
}

/// The same text cut in two at `cut`, and into single bytes, reads like the whole.
void ExpectEqualScans(const std::vector<Scanned>& one, const std::vector<Scanned>& two,
                      const std::string& text) {
  ASSERT_EQ(one.size(), two.size()) << text;
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].shape.hash, two[i].shape.hash) << text;
    EXPECT_EQ(one[i].canonical, two[i].canonical) << text;
    EXPECT_EQ(one[i].comments, two[i].comments) << text;
    EXPECT_EQ(one[i].shape.command, two[i].shape.command) << text;
  }
}

TEST(Scanner, ReadsAnySplitAlike) {
  std::vector<std::string> texts = Corpus();
  texts.emplace_back(R"(SELECT E'a\'b' -- x
 'c\'d', U&"a" + u&b, 1.5e-3, a$b, $tag$x$tag$, /* /* a */ */ b::int, c:=1, d.5.e; COMMIT AND CHAIN)");
  for (const std::string& text : texts) {
    const std::string_view view = text;
    for (const bool conforming : {true, false}) {
      if (!conforming && text.find('\\') == std::string::npos) continue;  // The same again.
      const std::vector<Scanned> whole = ScanAll(view, conforming);
      std::vector<std::string_view> bytes;
      for (std::size_t cut = 0; cut < view.size(); ++cut) {
        bytes.push_back(view.substr(cut, 1));
        ExpectEqualScans(whole, ScanPieces({view.substr(0, cut), view.substr(cut)}, conforming),
                         text);
      }
      ExpectEqualScans(whole, ScanPieces(bytes, conforming), text);
    }
  }
}

TEST(Scanner, ReadsItsOwnCanonicalTextAlike) {
  for (const std::string& text : Corpus()) {
    for (const Scanned& scanned : ScanAll(text)) {
      const Scanned again = ScanOne(scanned.canonical);
      EXPECT_EQ(again.shape.hash, scanned.shape.hash) << text;
      EXPECT_EQ(again.canonical, scanned.canonical) << text;
    }
  }
}

std::string Repeat(std::string_view unit, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += unit;
  return text;
}

/// Processor seconds that a scan of this text takes.
double CpuSeconds(const std::string& text) {
  const std::clock_t start = std::clock();
  const std::vector<Scanned> whole = ScanAll(text);
  const std::clock_t end = std::clock();
  EXPECT_FALSE(whole.empty());
  EXPECT_LE(whole.front().canonical.size(), CanonicalText::kCapacity);
  return static_cast<double>(end - start) / CLOCKS_PER_SEC;
}

TEST(Scanner, TakesHostileTextInItsStride) {
  constexpr std::size_t kBytes = 1024 * 1024;
  for (const char* unit :
       {"a+1",      "NOT ", "(",  "[",     "$",    "$a$",       "'",         "\"",
        "/*",       "--",   "*/", ")",     "IN (", "ARRAY[",    "$a",        "VALUES (",
        "\xff\xfe", "\\",   "E'", "U&",    "U&'",  ".",         ":",         "1",
        "+-",       "- ",   ",",  "CASE ", "@+",   "IN (1,(2,", "/*action='"}) {
    // Four times the text takes four times as long, not sixteen times.
    const double quarter = CpuSeconds("SELECT " + Repeat(unit, kBytes / 4));
    const double whole = CpuSeconds("SELECT " + Repeat(unit, kBytes));
    EXPECT_LT(whole, 12 * quarter + 0.05) << unit;
  }
}

}  // namespace
}  // namespace pgsidecar::sql
