#include "sql/cache_effect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/sql/cache_fixture.h"

namespace pgsidecar::sql {
namespace {

/// The effect as one line: nothing, the tags, or `floor`.
std::string EffectOf(const std::string& text, const DatabaseFacts& facts = ShopFacts()) {
  const StatementTraits traits = TraitsOf(text);
  const CacheEffect effect = EffectOnCaches(&traits, facts);
  if (effect.scope == EffectScope::kFloor) return "floor";
  std::string tags;
  for (const std::string& tag : effect.tags) tags += (tags.empty() ? "" : " ") + tag;
  EXPECT_EQ(effect.scope == EffectScope::kNone, tags.empty());
  return tags;
}

TEST(CacheEffect, NamesWhatIsWritten) {
  const std::pair<const char*, const char*> cases[] = {
      {"SELECT * FROM users", ""},
      {"SELECT random(), nextval('s')", ""},
      {"SELECT rate(1), twice(2)", ""},
      {"SHOW timezone", ""},
      {"SET timezone = 'UTC'", ""},
      {"BEGIN", ""},
      {"COPY users TO STDOUT", ""},
      {"CREATE TEMP TABLE t (a int)", ""},
      {"VACUUM users", ""},
      {"INSERT INTO orders VALUES (1)", "table:public.orders"},
      {"INSERT INTO users VALUES (1)", "table:public.users"},
      {"COPY users FROM STDIN", "table:public.users"},
      {"INSERT INTO users VALUES (1) ON CONFLICT DO NOTHING", "table:public.users"},
      {"INSERT INTO users VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 2",
       "table:public.orders table:public.users"},
      {"WITH x AS (DELETE FROM users) INSERT INTO users VALUES (1)",
       "table:public.orders table:public.users"},
      {"UPDATE people SET a = 1", "table:public.orders table:public.people table:public.users"},
      {"TRUNCATE orders CASCADE", "db:shop"},
      {"UPDATE users SET a = 1", "table:public.orders table:public.users"},
      {"DELETE FROM public.users", "table:public.orders table:public.users"},
      {"MERGE INTO orders USING users ON true WHEN MATCHED THEN DELETE", "table:public.orders"},
      {"COPY orders FROM STDIN", "table:public.orders"},
      {"TRUNCATE orders, events", "table:public.events table:public.orders"},
      {"REFRESH MATERIALIZED VIEW totals", "table:public.totals"},
      {"INSERT INTO events_2024 VALUES (1)", "table:public.events table:public.events_2024"},
      {"INSERT INTO people VALUES (1)", "table:public.people table:public.users"},
      {"UPDATE twins SET a = 1", "table:other.twins table:public.twins"},
      {"WITH x AS (DELETE FROM orders RETURNING 1) SELECT 1", "table:public.orders"},
      {"EXPLAIN ANALYZE DELETE FROM orders", "table:public.orders"},
      // Whatever runs the code of users may have written anything.
      {"DELETE FROM audited", "db:shop"},
      {"DELETE FROM watched", "db:shop"},
      {"CALL charge(1)", "db:shop"},
      {"DO 'begin end'", "db:shop"},
      {"EXECUTE p", "db:shop"},
      {"SELECT charge(1)", "db:shop"},
      {"SELECT nobody_knows(1)", "db:shop"},
      {"SELECT public.nobody_knows(1)", "db:shop"},
      {"UPDATE gone SET a = 1", "db:shop"},
      {"UPDATE other.users SET a = 1", "db:shop"},
      {"INSERT INTO unread VALUES (1)", "db:shop"},
      {"COMMIT PREPARED 'x'", "db:shop"},
      // Definitions and privileges.
      {"CREATE TABLE t (a int)", "floor"},
      {"ALTER TABLE users ADD COLUMN b int", "floor"},
      {"DROP TABLE users", "floor"},
      {"GRANT SELECT ON users TO u", "floor"},
      {"REVOKE SELECT ON users FROM u", "floor"},
      {"ALTER ROLE u SUPERUSER", "floor"},
      {"ALTER DATABASE d SET a = 1", "floor"},
      {"ALTER SYSTEM SET a = 1", "floor"},
      {"CREATE POLICY p ON users USING (true)", "floor"},
      {"DROP POLICY p ON users", "floor"},
      {"SELECT 1 INTO t", "floor"},
      {"SELECT 1; DROP TABLE users; DELETE FROM orders", "floor"},
  };
  for (const auto& [text, effect] : cases) EXPECT_EQ(EffectOf(text), effect) << text;
}

TEST(CacheEffect, TakesTheUnreadableForAWriteOfAnything) {
  EXPECT_EQ(EffectOnCaches(nullptr, ShopFacts()), (CacheEffect{EffectScope::kTags, {"db:shop"}}));
}

TEST(CacheEffect, KnowsNothingWithoutFacts) {
  DatabaseFacts none;
  none.database = "shop";
  EXPECT_EQ(EffectOf("UPDATE users SET a = 1", none), "db:shop");
  EXPECT_EQ(EffectOf("SELECT * FROM users", none), "");
}

}  // namespace
}  // namespace pgsidecar::sql
