#include "sql/cache_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/sql/cache_fixture.h"

namespace pgsidecar::sql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CacheJudge : public testing::Test {
 protected:
  Verdict JudgeText(const std::string& text) {
    const StatementTraits traits = TraitsOf(text);
    return JudgeForCache(&traits, &facts_, rule_);
  }
  std::string Reasons(const std::string& text) {
    std::string names;
    for (const BypassReason reason : JudgeText(text).reasons) {
      names += (names.empty() ? "" : " ") + std::string(Name(reason));
    }
    return names;
  }

  DatabaseFacts facts_ = ShopFacts();
  JudgeRule rule_;
};

TEST_F(CacheJudge, LetsSafeSelectsPass) {
  for (const char* text :
       {"SELECT * FROM users WHERE id = $1", "TABLE users", "SELECT count(*) FROM public.users",
        "SELECT to_char(a, 'YYYY') || b FROM users", "SELECT extract(year FROM a) FROM orders",
        "WITH x AS (SELECT * FROM users) SELECT sum(a) FROM x", "SELECT twice(a) FROM users",
        "SELECT * FROM users u WHERE a LIKE 'x%' AND b BETWEEN 1 AND 2", "SELECT * FROM totals",
        "SELECT max(a) FROM users", "SELECT * FROM people", "SELECT * FROM v7"}) {
    EXPECT_EQ(Reasons(text), "") << text;
  }
}

TEST_F(CacheJudge, RefusesByName) {
  const std::pair<const char*, const char*> cases[] = {
      // Not one single SELECT.
      {"SELECT * FROM users; SELECT * FROM users", "not_select"},
      {"INSERT INTO users SELECT * FROM orders", "not_select"},
      {"SELECT * INTO t FROM users", "not_select"},
      {"WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x, users", "not_select"},
      {"SELECT * FROM users FOR UPDATE", "not_select"},
      {"SELECT * FROM users FOR SHARE", "not_select"},
      {"EXPLAIN SELECT * FROM users", "not_select"},
      // Functions.
      {"SELECT nobody_knows(a) FROM users", "function"},
      {"SELECT random() FROM users", "function"},
      {"SELECT pg_catalog.nextval('s') FROM users", "function"},
      {"SELECT charge(a) FROM users", "function"},
      {"SELECT rate(a) FROM users", "function"},
      {"SELECT now() FROM users", "function"},
      {"SELECT age(a) FROM users", "function"},
      {"SELECT a == b FROM users", "function"},
      {"SELECT a @@ b FROM users", "function"},
      {"SELECT a <<>> b FROM users", "function"},
      {"SELECT * FROM users TABLESAMPLE SYSTEM (1)", "function"},
      {"SELECT CURRENT_DATE FROM users", "function"},
      {"SELECT SESSION_USER FROM users", "function"},
      {"SELECT * FROM users WHERE a < 'tomorrow'", "function"},
      // Relations.
      {"SELECT 1", "relation"},
      {"VALUES (1)", "relation"},
      {"WITH x AS (SELECT 1) SELECT * FROM x", "relation"},
      {"SELECT * FROM pg_class", "relation"},
      {"SELECT * FROM pg_catalog.pg_class, users", "relation"},
      {"SELECT * FROM information_schema.tables, users", "relation"},
      {"SELECT 'users'::regclass FROM users", "relation"},
      {"SELECT * FROM far", "relation"},
      {"SELECT * FROM mixed", "relation"},
      {"SELECT * FROM counter", "relation"},
      {"SELECT * FROM pg_temp.users, users", "relation"},
      {"SELECT * FROM v8", "relation"},
      // Row-level security, also behind a view.
      {"SELECT * FROM secrets", "row_security"},
      {"SELECT * FROM hidden", "row_security"},
      // Names and facts.
      {"SELECT * FROM twins", "ambiguous_name"},
      {"SELECT lower(a) FROM users", "ambiguous_name"},
      {"SELECT * FROM nowhere_to_be_found", "relation no_facts"},
      {"SELECT * FROM other.users, users", "no_facts"},
      {"SELECT * FROM unread", "no_facts"},
      {"SELECT * FROM clock", "function"},
  };
  for (const auto& [text, reasons] : cases) EXPECT_EQ(Reasons(text), reasons) << text;
}

TEST_F(CacheJudge, TellsAllReasons) {
  EXPECT_EQ(Reasons("SELECT now(), 'x'::regclass FROM secrets, twins, gone FOR UPDATE"),
            "not_select function relation row_security ambiguous_name no_facts");
}

TEST_F(CacheJudge, WorksWithoutFactsAndWithoutTraits) {
  const StatementTraits traits = TraitsOf("DELETE FROM users");
  EXPECT_THAT(JudgeForCache(&traits, nullptr, rule_).reasons,
              ElementsAre(BypassReason::kNotSelect, BypassReason::kNoFacts));
  EXPECT_THAT(JudgeForCache(nullptr, &facts_, rule_).reasons,
              ElementsAre(BypassReason::kNotJudged));
}

TEST_F(CacheJudge, BelievesTheRule) {
  rule_.functions = {"rate", "public.charge", "now", "@@"};
  EXPECT_EQ(Reasons("SELECT rate(a), charge(b), now() FROM users WHERE a @@ b"), "");
  EXPECT_EQ(Reasons("SELECT * FROM secrets"), "row_security");
  rule_.keyed_row_security = true;
  EXPECT_EQ(Reasons("SELECT * FROM secrets"), "");
  facts_.standby = true;
  EXPECT_EQ(Reasons("SELECT * FROM users"), "upstream");
  rule_.allow_standby = true;
  EXPECT_EQ(Reasons("SELECT * FROM users"), "");
}

TEST_F(CacheJudge, TagsTheTablesBehindViewsAndAboveParts) {
  EXPECT_THAT(JudgeText("SELECT * FROM people, events_2024").tags,
              ElementsAre("db:shop", "table:public.events", "table:public.events_2024",
                          "table:public.people", "table:public.users"));
  EXPECT_THAT(JudgeText("WITH users AS (SELECT * FROM users) SELECT * FROM users").tags,
              ElementsAre("db:shop", "table:public.users"));
}

TEST_F(CacheJudge, RefusesMoreTablesThanAnEntryHasTags) {
  std::string text = "SELECT 1 FROM users";
  for (int i = 0; i < 15; ++i) {
    const std::string name = "t" + std::to_string(i);
    facts_.relations[name]["public"];
    if (i < 14) text += ", " + name;
  }
  EXPECT_EQ(Reasons(text), "");
  rule_.own_tags = 1;
  EXPECT_EQ(Reasons(text), "relation");
  rule_.own_tags = 0;
  EXPECT_EQ(Reasons(text + ", t14"), "relation");
}

TEST(CacheTags, AreQuotedLikeIdentifiers) {
  EXPECT_EQ(TableTag("public", "Weird \"T\""), "table:public.\"Weird \"\"T\"\"\"");
  EXPECT_EQ(TableTag("user", "order"), "table:\"user\".\"order\"");
  EXPECT_EQ(DatabaseTag("shop"), "db:shop");
}

TEST(CacheTags, HaveOneSpelling) {
  const std::pair<const char*, const char*> cases[] = {
      {"users", "users"},
      {"table:public.users", "table:public.users"},
      {"table:\"public\".\"users\"", "table:public.users"},
      {"table:public.user", "table:public.\"user\""},
      {"table:public.Users", "table:public.\"Users\""},
      {"table:\"a\"\"b\".\"c.d\"", "table:\"a\"\"b\".\"c.d\""},
      {"table:users", "table:users"},
      {"table:public.\"users", "table:public.\"users"},
      {"table:a.b.c", "table:a.b.c"},
  };
  for (const auto& [tag, normal] : cases) EXPECT_EQ(NormalTag(tag), normal) << tag;
}

}  // namespace
}  // namespace pgsidecar::sql
