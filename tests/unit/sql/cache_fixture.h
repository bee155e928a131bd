#pragma once

#include <gtest/gtest.h>

#include <string>

#include "sql/database_facts.h"
#include "sql/statement_traits.h"

namespace pgsidecar::sql {

/// The traits of a text that libpg_query accepts.
inline StatementTraits TraitsOf(const std::string& text) {
  auto traits = ReadTraitsElsewhere(text);
  EXPECT_TRUE(traits.has_value()) << text;
  return traits.value_or(StatementTraits());
}

inline void AddView(DatabaseFacts& facts, const std::string& name, const std::string& definition) {
  RelationFacts& view = facts.relations[name]["public"];
  view.kind = RelationKind::kView;
  view.view = TraitsOf(definition);
}

/// A small database `shop` with one relation of every sort that matters.
inline DatabaseFacts ShopFacts() {
  DatabaseFacts facts;
  facts.database = "shop";
  const auto table = [&](const std::string& name) -> RelationFacts& {
    return facts.relations[name]["public"];
  };
  table("users");
  table("orders").action_targets = {};
  table("users").action_targets = {{"public", "orders"}};
  table("secrets").row_security = true;
  table("audited").runs_code = true;
  table("watched").action_targets = {{"public", "audited"}};
  table("events_2024").ancestors = {{"public", "events"}};
  table("events");
  table("far").kind = RelationKind::kForeignTable;
  table("mixed").foreign_members = true;
  table("counter").kind = RelationKind::kOther;
  table("totals").kind = RelationKind::kMaterializedView;
  table("twins");
  facts.relations["twins"]["other"];
  facts.relations["pg_class"]["pg_catalog"].kind = RelationKind::kTable;
  AddView(facts, "people", "SELECT u.id, pg_catalog.lower(u.name) FROM public.users u");
  AddView(facts, "clock", "SELECT u.id, pg_catalog.now() FROM public.users u");
  AddView(facts, "hidden", "SELECT s.id FROM public.secrets s");
  facts.relations["unread"]["public"].kind = RelationKind::kView;
  AddView(facts, "v0", "SELECT 1 FROM public.users");
  for (int i = 1; i <= 9; ++i) {
    AddView(facts, "v" + std::to_string(i), "SELECT 1 FROM public.v" + std::to_string(i - 1));
  }
  for (const char* name : {"lower", "count", "sum", "max"}) {
    facts.functions[name]["pg_catalog"] = Volatility::kImmutable;
  }
  for (const char* name : {"now", "to_char", "date_trunc", "extract", "age"}) {
    facts.functions[name]["pg_catalog"] = Volatility::kStable;
  }
  for (const char* name : {"random", "nextval"}) {
    facts.functions[name]["pg_catalog"] = Volatility::kVolatile;
  }
  facts.functions["charge"]["public"] = Volatility::kVolatile;
  facts.functions["rate"]["public"] = Volatility::kStable;
  facts.functions["twice"]["public"] = Volatility::kImmutable;
  facts.functions["max"]["public"] = Volatility::kImmutable;
  facts.functions["lower"]["other"] = Volatility::kVolatile;
  for (const char* name : {"=", "<", ">=", "<=", "+", "||", "@@"}) {
    facts.operators[name]["pg_catalog"] = Volatility::kStable;
  }
  facts.operators["~~"]["pg_catalog"] = Volatility::kImmutable;
  facts.operators["=="]["public"] = Volatility::kVolatile;
  facts.operators["="]["public"] = Volatility::kImmutable;
  return facts;
}

}  // namespace pgsidecar::sql
