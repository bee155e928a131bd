#include "sql/traits_reader.h"

#include <algorithm>
#include <array>

namespace pgsidecar::sql {
namespace {

using Json = nlohmann::json;

template <std::size_t N>
bool IsOneOf(std::string_view kind, const std::array<std::string_view, N>& kinds) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

/// Statements that change rows of their `relation`.
constexpr std::array<std::string_view, 5> kRowWriters = {"InsertStmt", "UpdateStmt", "DeleteStmt",
                                                         "MergeStmt", "RefreshMatViewStmt"};
/// Statements that may change anything.
constexpr std::array<std::string_view, 3> kUnknownWriters = {"CallStmt", "DoStmt", "ExecuteStmt"};
/// Statements that change nothing but their own session or transaction.
constexpr std::array<std::string_view, 14> kSessionStatements = {
    "TransactionStmt", "VariableSetStmt", "ListenStmt",        "UnlistenStmt",       "DiscardStmt",
    "PrepareStmt",     "DeallocateStmt",  "ClosePortalStmt",   "ConstraintsSetStmt", "LockStmt",
    "LoadStmt",        "FetchStmt",       "DeclareCursorStmt", "NotifyStmt"};
/// Statements that change nothing that a cached answer could hold.
constexpr std::array<std::string_view, 5> kHarmless = {"VariableShowStmt", "CheckPointStmt",
                                                       "VacuumStmt", "ClusterStmt", "ExplainStmt"};

/// The strings of a list of nodes: a name in its parts.
std::vector<std::string> Parts(const Json& list) {
  std::vector<std::string> parts;
  for (const Json& each : list) {
    const auto string = each.find("String");
    if (string == each.end()) continue;
    parts.push_back(string->value("sval", ""));
  }
  return parts;
}

/// Of `shop.public.f` the last two parts.
UsedName NameOf(const Json& list) {
  std::vector<std::string> parts = Parts(list);
  UsedName name;
  if (parts.empty()) return name;
  name.name = std::move(parts.back());
  if (parts.size() > 1) name.schema = std::move(parts[parts.size() - 2]);
  return name;
}

UsedName RelationName(const Json& relation) {
  return {relation.value("schemaname", ""), relation.value("relname", "")};
}

bool IsTemporary(const Json& relation) {
  return relation.value("relpersistence", "p") == "t" ||
         relation.value("schemaname", "").starts_with("pg_temp");
}

void SortUnique(std::vector<UsedName>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

bool IsAnalyze(const Json& explain) {
  const auto options = explain.find("options");
  if (options == explain.end()) return false;
  return std::any_of(options->begin(), options->end(), [](const Json& option) {
    const auto element = option.find("DefElem");
    return element != option.end() && element->value("defname", "") == "analyze";
  });
}

}  // namespace

StatementTraits TraitsReader::Read(const Json& tree) {
  bool select = false;
  if (const auto list = tree.find("stmts"); list != tree.end()) {
    for (const Json& each : *list) {
      const auto statement = each.find("stmt");
      if (statement == each.end() || statement->empty()) continue;
      ++traits_.statements;
      const auto [kind, node] = std::pair(statement->begin().key(), &statement->begin().value());
      select = kind == "SelectStmt";
      ReadTopLevel(kind, *node);
      Push(statement->begin().key(), *node);
    }
  }
  traits_.single_select = traits_.statements == 1 && select;
  while (!pending_.empty()) {
    const auto [key, node] = pending_.back();
    pending_.pop_back();
    if (node->is_object()) ReadNode(key, *node);
    for (auto child = node->begin(); child != node->end(); ++child) {
      if (!child->is_structured()) continue;
      Push(node->is_object() ? std::string_view(child.key()) : key, *child);
    }
  }
  Finish();
  return std::move(traits_);
}

void TraitsReader::Push(std::string_view key, const Json& node) {
  // Their relations are aliases, not names.
  if (key == "LockingClause") {
    traits_.locking = true;
    return;
  }
  pending_.push_back({key, &node});
}

void TraitsReader::ReadTopLevel(std::string_view kind, const Json& statement) {
  if (kind == "SelectStmt" || IsOneOf(kind, kRowWriters) || IsOneOf(kind, kHarmless)) {
    // EXPLAIN ANALYZE runs what it explains; without ANALYZE its targets count, too, at the cost
    // of a needless event.
    if (kind == "ExplainStmt" && IsAnalyze(statement) && statement.contains("query")) {
      const auto& query = statement["query"];
      if (!query.empty() && query.begin().key() == "ExecuteStmt") traits_.writes_unknown = true;
    }
    return;
  }
  if (IsOneOf(kind, kSessionStatements)) {
    traits_.changes_session = true;
    // A prepared transaction brings the writes of another session.
    if (statement.value("kind", "") == "TRANS_STMT_COMMIT_PREPARED") traits_.writes_unknown = true;
    return;
  }
  if (IsOneOf(kind, kUnknownWriters)) {
    traits_.writes_unknown = true;
    traits_.changes_session = kind != "CallStmt";
    return;
  }
  if (kind == "CopyStmt" || kind == "TruncateStmt") return;
  ReadCreation(kind, statement);
}

void TraitsReader::ReadCreation(std::string_view kind, const Json& statement) {
  if (kind == "CreateStmt" && IsTemporary(statement.value("relation", Json::object()))) {
    traits_.changes_session = true;
    return;
  }
  if (kind == "CreateTableAsStmt") {
    const Json into = statement.value("into", Json::object());
    if (IsTemporary(into.value("rel", Json::object()))) {
      traits_.changes_session = true;
      return;
    }
  }
  traits_.changes_definitions = true;
}

void TraitsReader::ReadTarget(std::string_view kind, const Json& statement) {
  if (kind == "TruncateStmt") {
    for (const Json& each : statement.value("relations", Json::array())) {
      if (each.contains("RangeVar")) traits_.writes.push_back(RelationName(each["RangeVar"]));
    }
    // It empties all tables that refer to these.
    if (statement.value("behavior", "") == "DROP_CASCADE") traits_.writes_unknown = true;
    return;
  }
  if (kind == "CopyStmt" && !statement.value("is_from", false)) return;
  const auto relation = statement.find("relation");
  if (relation == statement.end()) return;
  targets_.insert(&*relation);
  traits_.writes.push_back(RelationName(*relation));
  const bool upsert = statement.value("onConflictClause", Json::object()).value("action", "") ==
                      "ONCONFLICT_UPDATE";
  const bool appends = kind == "CopyStmt" || (kind == "InsertStmt" && !upsert);
  if (!appends) traits_.updates.push_back(RelationName(*relation));
}

void TraitsReader::ReadCommonTableExpression(const Json& expression) {
  ctes_.insert(expression.value("ctename", ""));
  const auto query = expression.find("ctequery");
  if (query == expression.end() || query->empty()) return;
  if (query->begin().key() != "SelectStmt") traits_.data_modifying_cte = true;
}

void TraitsReader::ReadRelation(const Json& relation) {
  if (!targets_.contains(&relation)) traits_.reads.push_back(RelationName(relation));
}

void TraitsReader::ReadOperator(const Json& expression, const char* member) {
  const auto list = expression.find(member);
  if (list == expression.end()) return;
  UsedName name = NameOf(*list);
  if (name.name.starts_with("BETWEEN") || name.name.starts_with("NOT BETWEEN")) {
    traits_.operators.push_back({"", "<="});
    traits_.operators.push_back({"", ">="});
  } else if (!name.name.empty()) {
    traits_.operators.push_back(std::move(name));
  }
}

void TraitsReader::ReadLiteral(const Json& constant) {
  const auto value = constant.find("sval");
  if (value == constant.end() || !value->is_object()) return;
  if (SpellsMoment(value->value("sval", ""))) traits_.special_time = true;
}

void TraitsReader::ReadNode(std::string_view kind, const Json& node) {
  if (IsOneOf(kind, kRowWriters) || kind == "CopyStmt" || kind == "TruncateStmt") {
    ReadTarget(kind, node);
  }
  if (kind == "intoClause" || kind == "into") {
    traits_.into = true;
    const Json target = node.value("rel", Json::object());
    targets_.insert(node.contains("rel") ? &node["rel"] : nullptr);
    (IsTemporary(target) ? traits_.changes_session : traits_.changes_definitions) = true;
  }
  if (node.contains("relname")) ReadRelation(node);
  if (kind == "CommonTableExpr") ReadCommonTableExpression(node);
  if (node.contains("funcname") && (kind == "FuncCall" || kind == "funccall")) {
    traits_.functions.push_back(NameOf(node["funcname"]));
  }
  if (kind == "A_Expr") ReadOperator(node, "name");
  if (kind == "SubLink") ReadOperator(node, "operName");
  if (kind == "SortBy") ReadOperator(node, "useOp");
  if (kind == "A_Const") ReadLiteral(node);
  if (kind == "SQLValueFunction") traits_.current_value = true;
  if (kind == "RangeTableSample") traits_.tablesample = true;
  if ((kind == "typeName" || kind == "TypeName") && node.contains("names")) {
    if (IsRegType(NameOf(node["names"]).name)) traits_.reg_cast = true;
  }
}

void TraitsReader::Finish() {
  SortUnique(traits_.reads);
  SortUnique(traits_.writes);
  SortUnique(traits_.updates);
  SortUnique(traits_.functions);
  SortUnique(traits_.operators);
  for (UsedName& relation : traits_.reads) {
    relation.maybe_cte = relation.schema.empty() && ctes_.contains(relation.name);
  }
}

}  // namespace pgsidecar::sql
