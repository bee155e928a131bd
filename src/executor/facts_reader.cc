#include "executor/facts_reader.h"

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sql/large_stack.h"

namespace pgsidecar::executor {
namespace {

using sql::DatabaseFacts;
using sql::RelationFacts;
using sql::RelationKind;
using sql::UsedName;
using sql::Volatility;

/// Short, as the end of the process waits for it.
constexpr std::chrono::seconds kDeadline{5};

constexpr std::string_view kDatabase =
    "SELECT pg_catalog.current_database(), pg_catalog.pg_is_in_recovery()";

/// Triggers that are off, those that PostgreSQL made for constraints, and our own run no code of
/// users. Neither does the rule that makes a view a view.
constexpr std::string_view kRelations = R"sql(
SELECT n.nspname, c.relname, c.relkind, c.relrowsecurity,
  EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
          JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) t.tgfoid
          WHERE t.tgrelid OPERATOR(pg_catalog.=) c.oid AND NOT t.tgisinternal
            AND t.tgenabled OPERATOR(pg_catalog.<>) 'D'
            AND p.proname OPERATOR(pg_catalog.<>) 'pgsidecar_invalidate')
  OR EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite r
             WHERE r.ev_class OPERATOR(pg_catalog.=) c.oid
               AND r.ev_type OPERATOR(pg_catalog.<>) '1'),
  CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'v' AND n.nspname OPERATOR(pg_catalog.<>) 'pg_catalog'
            AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
       THEN pg_catalog.pg_get_viewdef(c.oid) END
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f,S}')
  AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
  AND n.nspname OPERATOR(pg_catalog.<>) 'pg_toast')sql";

constexpr std::string_view kParents = R"sql(
SELECT cn.nspname, c.relname, pn.nspname, p.relname
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.inhrelid
JOIN pg_catalog.pg_namespace cn ON cn.oid OPERATOR(pg_catalog.=) c.relnamespace
JOIN pg_catalog.pg_class p ON p.oid OPERATOR(pg_catalog.=) i.inhparent
JOIN pg_catalog.pg_namespace pn ON pn.oid OPERATOR(pg_catalog.=) p.relnamespace
WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,f}'))sql";

constexpr std::string_view kActions = R"sql(
SELECT fn.nspname, f.relname, cn.nspname, c.relname
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class f ON f.oid OPERATOR(pg_catalog.=) k.confrelid
JOIN pg_catalog.pg_namespace fn ON fn.oid OPERATOR(pg_catalog.=) f.relnamespace
JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) k.conrelid
JOIN pg_catalog.pg_namespace cn ON cn.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE k.contype OPERATOR(pg_catalog.=) 'f'
  AND (k.confdeltype OPERATOR(pg_catalog.=) ANY ('{c,n,d}')
       OR k.confupdtype OPERATOR(pg_catalog.=) ANY ('{c,n,d}')))sql";

/// An aggregate is as volatile as the functions it is made of, whatever it is declared.
constexpr std::string_view kFunctions = R"sql(
SELECT n.nspname, p.proname, pg_catalog.max(GREATEST(
  CASE p.provolatile WHEN 'v' THEN 2 WHEN 's' THEN 1 ELSE 0 END,
  CASE t.provolatile WHEN 'v' THEN 2 WHEN 's' THEN 1 ELSE 0 END,
  CASE f.provolatile WHEN 'v' THEN 2 WHEN 's' THEN 1 ELSE 0 END))
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
LEFT JOIN pg_catalog.pg_aggregate a ON a.aggfnoid OPERATOR(pg_catalog.=) p.oid
LEFT JOIN pg_catalog.pg_proc t ON t.oid OPERATOR(pg_catalog.=) a.aggtransfn
LEFT JOIN pg_catalog.pg_proc f ON f.oid OPERATOR(pg_catalog.=) a.aggfinalfn
GROUP BY 1, 2)sql";

constexpr std::string_view kOperators = R"sql(
SELECT n.nspname, o.oprname,
  pg_catalog.max(CASE p.provolatile WHEN 'v' THEN 2 WHEN 's' THEN 1 ELSE 0 END)
FROM pg_catalog.pg_operator o
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) o.oprnamespace
JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) o.oprcode
GROUP BY 1, 2)sql";

/// Whatever changes a row of a catalogue gives it another xmin; VACUUM and ANALYZE do not. What
/// only superusers may read is left out: roles are taken from the view of them.
constexpr std::string_view kDigest = R"sql(
SELECT pg_catalog.md5(pg_catalog.string_agg(part, ',')) FROM (
  SELECT pg_catalog.concat('c', oid, ':', xmin) FROM pg_catalog.pg_class
    WHERE relpersistence OPERATOR(pg_catalog.<>) 't'
      AND relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}')
  UNION ALL SELECT pg_catalog.concat('p', oid, ':', xmin) FROM pg_catalog.pg_policy
  UNION ALL SELECT pg_catalog.concat('f', oid, ':', xmin) FROM pg_catalog.pg_proc
  UNION ALL SELECT pg_catalog.concat('n', oid, ':', xmin) FROM pg_catalog.pg_namespace
    WHERE nspname OPERATOR(pg_catalog.!~) '^pg_(toast_)?temp_'
  UNION ALL SELECT pg_catalog.concat('r', xmin) FROM pg_catalog.pg_rewrite
  UNION ALL SELECT pg_catalog.concat('m', roleid, ':', member, ':', xmin)
    FROM pg_catalog.pg_auth_members
  UNION ALL SELECT pg_catalog.concat('s', setdatabase, ':', setrole, ':', xmin)
    FROM pg_catalog.pg_db_role_setting
  UNION ALL SELECT pg_catalog.concat('a', attrelid, ':', attnum, ':', xmin)
    FROM pg_catalog.pg_attribute WHERE attacl IS NOT NULL
  UNION ALL SELECT pg_catalog.concat('u', oid, ':', rolname, rolsuper, rolinherit, rolbypassrls)
    FROM pg_catalog.pg_roles
  ORDER BY 1) AS parts (part))sql";

std::string Text(const Rows& rows, std::size_t row, std::size_t column) {
  return std::string(rows.Text(row, column).value_or(""));
}
bool IsTrue(const Rows& rows, std::size_t row, std::size_t column) {
  return rows.Text(row, column).value_or("f") == "t";
}

RelationKind KindOf(std::string_view relkind) {
  if (relkind == "r" || relkind == "p") return RelationKind::kTable;
  if (relkind == "v") return RelationKind::kView;
  if (relkind == "m") return RelationKind::kMaterializedView;
  if (relkind == "f") return RelationKind::kForeignTable;
  return RelationKind::kOther;
}

using Edges = std::map<UsedName, std::set<UsedName>>;

Edges ReadEdges(const Rows& rows) {
  Edges edges;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    edges[{Text(rows, i, 0), Text(rows, i, 1)}].insert({Text(rows, i, 2), Text(rows, i, 3)});
  }
  return edges;
}

/// All that can be reached from `start`, which is left out.
std::vector<UsedName> Reachable(const Edges& edges, const UsedName& start) {
  std::set<UsedName> seen;
  std::vector<UsedName> open = {start};
  while (!open.empty()) {
    const UsedName name = std::move(open.back());
    open.pop_back();
    const auto next = edges.find(name);
    if (next == edges.end()) continue;
    for (const UsedName& each : next->second) {
      if (each != start && seen.insert(each).second) open.push_back(each);
    }
  }
  return {seen.begin(), seen.end()};
}

void ReadVolatilities(const Rows& rows, DatabaseFacts::ByName<Volatility>& to) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string level = Text(rows, i, 2);
    to[Text(rows, i, 1)][Text(rows, i, 0)] = level == "0"   ? Volatility::kImmutable
                                             : level == "1" ? Volatility::kStable
                                                            : Volatility::kVolatile;
  }
}

/// pg_get_viewdef() leaves only what is in pg_catalog without a schema, as the search_path is
/// empty.
void Qualify(std::vector<UsedName>& names) {
  for (UsedName& name : names) {
    if (name.schema.empty() && !name.maybe_cte) name.schema = "pg_catalog";
  }
}

std::optional<sql::StatementTraits> TraitsOfView(const std::string& definition) {
  if (definition.size() > sql::kTraitsTextMax) return std::nullopt;
  auto traits = sql::ReadTraits(definition);
  if (!traits) return traits;
  Qualify(traits->reads);
  Qualify(traits->functions);
  Qualify(traits->operators);
  return traits;
}

void ReadRelations(const Rows& rows, DatabaseFacts& facts) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    RelationFacts& relation = facts.relations[Text(rows, i, 1)][Text(rows, i, 0)];
    relation.kind = KindOf(Text(rows, i, 2));
    relation.row_security = IsTrue(rows, i, 3);
    relation.runs_code = IsTrue(rows, i, 4);
    if (rows.IsNull(i, 5)) continue;
    relation.view = TraitsOfView(Text(rows, i, 5));
  }
}

RelationFacts* Find(DatabaseFacts& facts, const UsedName& name) {
  return const_cast<RelationFacts*>(std::as_const(facts).Find(name));
}

/// What parts of a table are is told to the whole: reading and writing it reaches them.
void ReadParts(const Edges& parents, DatabaseFacts& facts) {
  for (const auto& [child, direct] : parents) {
    RelationFacts* part = Find(facts, child);
    if (part == nullptr) continue;
    part->ancestors = Reachable(parents, child);
    for (const UsedName& name : part->ancestors) {
      RelationFacts* whole = Find(facts, name);
      if (whole == nullptr) continue;
      whole->foreign_members |= part->kind == RelationKind::kForeignTable;
      whole->runs_code |= part->runs_code;
    }
  }
}

/// A write to a table may become one to its parts, whose keys others refer to.
void ReadActions(const Edges& actions, const Edges& parents, DatabaseFacts& facts) {
  Edges edges = actions;
  for (const auto& [child, direct] : parents) {
    for (const UsedName& parent : Reachable(parents, child)) {
      const auto own = actions.find(child);
      if (own != actions.end()) edges[parent].insert(own->second.begin(), own->second.end());
    }
  }
  for (const auto& [name, direct] : edges) {
    if (RelationFacts* table = Find(facts, name)) table->action_targets = Reachable(edges, name);
  }
}

}  // namespace

sql::DatabaseFacts UnderstandFacts(const CatalogueRows& rows) {
  DatabaseFacts facts;
  if (!rows.database.empty()) {
    facts.database = Text(rows.database, 0, 0);
    facts.standby = IsTrue(rows.database, 0, 1);
  }
  if (!rows.digest.empty()) facts.digest = Text(rows.digest, 0, 0);
  // Without a thread the views stay unread, and what reads them is not cached.
  const Status read = sql::RunOnLargeStack([&] { ReadRelations(rows.relations, facts); });
  if (!read.ok()) facts.relations.clear();
  const Edges parents = ReadEdges(rows.parents);
  ReadParts(parents, facts);
  ReadActions(ReadEdges(rows.actions), parents, facts);
  ReadVolatilities(rows.functions, facts.functions);
  ReadVolatilities(rows.operators, facts.operators);
  return facts;
}

Outcome<sql::DatabaseFacts> ReadFacts(QueryExecutor& executor, const Operation& operation) {
  TransactionOptions options;
  options.isolation = Isolation::kRepeatableRead;
  options.read_only = true;
  options.deadline = kDeadline;
  auto begun = executor.Begin(operation, options);
  if (!begun.ok()) return begun.error();
  Transaction& transaction = begun.value();
  CatalogueRows rows;
  const std::pair<std::string_view, Rows*> queries[] = {
      {"SET LOCAL search_path = ''", nullptr},
      {kDatabase, &rows.database},
      {kRelations, &rows.relations},
      {kParents, &rows.parents},
      {kActions, &rows.actions},
      {kFunctions, &rows.functions},
      {kOperators, &rows.operators},
      {kDigest, &rows.digest},
  };
  for (const auto& [text, to] : queries) {
    auto answer = transaction.Execute(text);
    if (!answer.ok()) return answer.error();
    if (to != nullptr) *to = std::move(answer).value();
  }
  if (auto ended = transaction.Commit(); !ended.ok()) return ended.error();
  return UnderstandFacts(rows);
}

}  // namespace pgsidecar::executor
