#include "sql/summary.h"

#include <gtest/gtest.h>

#include "sql/identity.h"
#include "sql/large_stack.h"
#include "unit/sql/scan_text.h"

namespace pgsidecar::sql {
namespace {

std::string SummaryOf(std::string_view text) {
  const Scanned scanned = ScanOne(text);
  Identity identity;
  const Status status = RunOnLargeStack([&] {
    identity = Identify(scanned.shape, {scanned.canonical, scanned.too_long});
  });
  EXPECT_TRUE(status.ok());
  return identity.summary;
}

TEST(Summary, NamesOperationsAndTargetsInOrder) {
  const std::pair<const char*, const char*> cases[] = {
      {"select 1", "SELECT"},
      {"select * from users", "SELECT users"},
      {"SELECT * FROM Users u JOIN Orders o ON TRUE", "SELECT users orders"},
      {"select * from public.users, \"Weird Table\"", "SELECT public.users Weird Table"},
      {"insert into audit select * from orders", "INSERT audit SELECT orders"},
      {"insert into t values (1) on conflict (a) do update set b = 1", "INSERT t"},
      {"update only t set a = 1 from u where true", "UPDATE t u"},
      {"delete from t using u where true", "DELETE t u"},
      {"merge into t using s on true when matched then update set a = 1", "MERGE t s"},
      {"select * from (select * from a) x, b", "SELECT SELECT a b"},
      {"select * from a where b in (select c from d)", "SELECT a SELECT d"},
      {"select a from t for update of t", "SELECT t"},
      {"select a from t union all select b from u", "SELECT t SELECT u"},
      {"values (1), (2)", "VALUES"},
      {"table t", "TABLE t"},
      {"call app.refresh(1)", "CALL app.refresh"},
      {"select \"select\", \"insert\" from t", "SELECT t"},
  };
  for (const auto& [text, summary] : cases) EXPECT_EQ(SummaryOf(text), summary) << text;
}

TEST(Summary, LeavesOutTheNamesOfCtes) {
  EXPECT_EQ(SummaryOf("with x as (select * from a) select * from x join b on true"),
            "SELECT a SELECT b");
  EXPECT_EQ(SummaryOf("with recursive x as (select 1 union all select n from x) table x"),
            "SELECT SELECT");
  EXPECT_EQ(SummaryOf("with users as (select 1) select * from public.users"),
            "SELECT SELECT public.users");
}

TEST(Summary, IsCutBetweenNames) {
  std::string text = "select * from first_table";
  for (int i = 0; i < 100; ++i) text += ", table_number_" + std::to_string(i);
  const std::string summary = SummaryOf(text);
  EXPECT_LE(summary.size(), 255U);
  EXPECT_TRUE(text.find(summary.substr(summary.rfind(" ") + 1) + ",") != std::string::npos);
}

TEST(Summary, OfARefusedTextIsTheVerbAndTheFirstTarget) {
  EXPECT_EQ(SummaryOf("select a from t where where"), "SELECT t");
  EXPECT_EQ(SummaryOf("insert into s.\"T\" valuez (1)"), "INSERT s.T");
  EXPECT_EQ(SummaryOf("update only t sett a = 1"), "UPDATE t");
  EXPECT_EQ(SummaryOf("select where where"), "SELECT");
}

}  // namespace
}  // namespace pgsidecar::sql
