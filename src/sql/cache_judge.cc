#include "sql/cache_judge.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace pgsidecar::sql {
namespace {

constexpr int kViewLevelsMax = 8;
constexpr std::string_view kCatalog = "pg_catalog";

/// STABLE functions of pg_catalog whose answer depends on nothing but their arguments, what is
/// read, and the settings that are part of the key. Names with several overloads are here if all of
/// them are so.
constexpr std::array<std::string_view, 71> kReviewed = {"array_to_json",
                                                        "array_to_string",
                                                        "concat",
                                                        "concat_ws",
                                                        "convert",
                                                        "convert_from",
                                                        "convert_to",
                                                        "date",
                                                        "date_add",
                                                        "date_part",
                                                        "date_subtract",
                                                        "date_trunc",
                                                        "enum_first",
                                                        "enum_last",
                                                        "enum_range",
                                                        "extract",
                                                        "format",
                                                        "generate_series",
                                                        "json_agg",
                                                        "json_agg_strict",
                                                        "json_array",
                                                        "json_arrayagg",
                                                        "json_build_array",
                                                        "json_build_object",
                                                        "json_object_agg",
                                                        "json_object_agg_strict",
                                                        "json_object_agg_unique",
                                                        "json_object_agg_unique_strict",
                                                        "json_populate_record",
                                                        "json_populate_recordset",
                                                        "json_to_record",
                                                        "json_to_recordset",
                                                        "jsonb_agg",
                                                        "jsonb_agg_strict",
                                                        "jsonb_build_array",
                                                        "jsonb_build_object",
                                                        "jsonb_object_agg",
                                                        "jsonb_object_agg_strict",
                                                        "jsonb_object_agg_unique",
                                                        "jsonb_object_agg_unique_strict",
                                                        "jsonb_path_exists_tz",
                                                        "jsonb_path_match_tz",
                                                        "jsonb_path_query_array_tz",
                                                        "jsonb_path_query_first_tz",
                                                        "jsonb_path_query_tz",
                                                        "jsonb_populate_record",
                                                        "jsonb_populate_recordset",
                                                        "jsonb_to_record",
                                                        "jsonb_to_recordset",
                                                        "length",
                                                        "make_timestamptz",
                                                        "money",
                                                        "numeric",
                                                        "overlaps",
                                                        "quote_literal",
                                                        "quote_nullable",
                                                        "row_to_json",
                                                        "similar_to_escape",
                                                        "string_agg",
                                                        "text",
                                                        "time",
                                                        "timestamp",
                                                        "timestamptz",
                                                        "timetz",
                                                        "timezone",
                                                        "to_char",
                                                        "to_date",
                                                        "to_json",
                                                        "to_jsonb",
                                                        "to_number",
                                                        "to_timestamp"};

/// The same for operators: comparisons and sums of times, and `||` with a value of any type.
constexpr std::array<std::string_view, 9> kReviewedOperators = {"+", "-", "<",  "<=", "<>",
                                                                "=", ">", ">=", "||"};

template <std::size_t N>
bool IsIn(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsSystemSchema(std::string_view schema) {
  return schema == kCatalog || schema == "information_schema" || schema.starts_with("pg_toast") ||
         schema.starts_with("pg_temp");
}

class Judge {
 public:
  Judge(const DatabaseFacts& facts, const JudgeRule& rule) : facts_(facts), rule_(rule) {}

  /// Judges what a statement, or the definition of a view on `level`, reads and calls.
  void Read(const StatementTraits& traits, int level);
  void Add(BypassReason reason) { reasons_.insert(reason); }
  void Limit();
  Verdict Take();

 private:
  enum class Opinion : std::uint8_t { kUnknown, kGood, kBad, kMixed };

  void ReadRelation(const UsedName& name, int level);
  void ReadRelation(const UsedName& name, const RelationFacts& relation, int level);
  void ReadFunction(const UsedName& name);
  void ReadOperator(const UsedName& name);
  bool IsVouchedFor(std::string_view schema, std::string_view name) const;
  bool IsGood(std::string_view schema, std::string_view name, Volatility volatility) const;
  Opinion OpinionOf(const UsedName& name) const;

  const DatabaseFacts& facts_;
  const JudgeRule& rule_;
  std::set<BypassReason> reasons_;
  std::set<std::string> tables_;
};

void Judge::Read(const StatementTraits& traits, int level) {
  if (traits.current_value || traits.special_time || traits.tablesample) {
    Add(BypassReason::kFunction);
  }
  if (traits.reg_cast) Add(BypassReason::kRelation);
  for (const UsedName& name : traits.reads) ReadRelation(name, level);
  for (const UsedName& name : traits.functions) ReadFunction(name);
  for (const UsedName& name : traits.operators) ReadOperator(name);
}

void Judge::ReadRelation(const UsedName& name, int level) {
  if (IsSystemSchema(name.schema)) {
    Add(BypassReason::kRelation);
    return;
  }
  const auto schemas = facts_.relations.find(name.name);
  if (schemas == facts_.relations.end()) {
    if (!name.maybe_cte) Add(BypassReason::kNoFacts);
    return;
  }
  if (!name.schema.empty()) {
    const auto found = schemas->second.find(name.schema);
    if (found == schemas->second.end()) {
      Add(BypassReason::kNoFacts);
    } else {
      ReadRelation({name.schema, name.name}, found->second, level);
    }
    return;
  }
  if (schemas->second.size() > 1) Add(BypassReason::kAmbiguousName);
  for (const auto& [schema, relation] : schemas->second) {
    ReadRelation({schema, name.name}, relation, level);
  }
}

void Judge::ReadRelation(const UsedName& name, const RelationFacts& relation, int level) {
  if (IsSystemSchema(name.schema)) {
    Add(BypassReason::kRelation);
    return;
  }
  if (relation.row_security && !rule_.keyed_row_security) Add(BypassReason::kRowSecurity);
  switch (relation.kind) {
    case RelationKind::kView:
      if (!relation.view) {
        Add(BypassReason::kNoFacts);
      } else if (level >= kViewLevelsMax) {
        Add(BypassReason::kRelation);
      } else {
        Read(*relation.view, level + 1);
      }
      tables_.insert(TableTag(name.schema, name.name));
      return;
    case RelationKind::kForeignTable:
    case RelationKind::kOther:
      Add(BypassReason::kRelation);
      return;
    case RelationKind::kTable:
    case RelationKind::kMaterializedView:
      break;
  }
  if (relation.foreign_members) Add(BypassReason::kRelation);
  tables_.insert(TableTag(name.schema, name.name));
  // A write to the root may change a partition.
  for (const UsedName& each : relation.ancestors) tables_.insert(TableTag(each.schema, each.name));
}

bool Judge::IsVouchedFor(std::string_view schema, std::string_view name) const {
  if (rule_.functions.contains(name)) return true;
  return rule_.functions.contains(std::string(schema) + "." + std::string(name));
}

bool Judge::IsGood(std::string_view schema, std::string_view name, Volatility volatility) const {
  if (IsVouchedFor(schema, name)) return true;
  if (volatility == Volatility::kImmutable) return true;
  return volatility == Volatility::kStable && schema == kCatalog && IsIn(kReviewed, name);
}

Judge::Opinion Judge::OpinionOf(const UsedName& name) const {
  const auto schemas = facts_.functions.find(name.name);
  if (schemas == facts_.functions.end()) return Opinion::kUnknown;
  bool any_good = false;
  bool any_bad = false;
  for (const auto& [schema, volatility] : schemas->second) {
    if (!name.schema.empty() && schema != name.schema) continue;
    (IsGood(schema, name.name, volatility) ? any_good : any_bad) = true;
  }
  if (any_good && any_bad) return Opinion::kMixed;
  if (any_good) return Opinion::kGood;
  return any_bad ? Opinion::kBad : Opinion::kUnknown;
}

/// A name in several schemas is refused when it matters which of them is meant.
void Judge::ReadFunction(const UsedName& name) {
  switch (OpinionOf(name)) {
    case Opinion::kGood:
      return;
    case Opinion::kMixed:
      Add(BypassReason::kAmbiguousName);
      return;
    case Opinion::kBad:
      Add(BypassReason::kFunction);
      return;
    case Opinion::kUnknown:
      if (!IsVouchedFor(name.schema, name.name)) Add(BypassReason::kFunction);
      return;
  }
}

/// Extensions give `=` to types of their own in any schema, so all of a name must be good.
void Judge::ReadOperator(const UsedName& name) {
  const auto schemas = facts_.operators.find(name.name);
  if (schemas == facts_.operators.end()) {
    Add(BypassReason::kFunction);
    return;
  }
  for (const auto& [schema, volatility] : schemas->second) {
    if (!name.schema.empty() && schema != name.schema) continue;
    const bool reviewed = volatility == Volatility::kStable && schema == kCatalog &&
                          IsIn(kReviewedOperators, name.name);
    if (volatility == Volatility::kImmutable || reviewed) continue;
    if (!IsVouchedFor(schema, name.name)) Add(BypassReason::kFunction);
  }
}

void Judge::Limit() {
  // `SELECT 1` asks whether the server is alive.
  if (tables_.empty()) Add(BypassReason::kRelation);
  if (tables_.size() + 1 + rule_.own_tags > kEntryTagsMax) Add(BypassReason::kRelation);
  const auto too_long = [](const std::string& tag) { return tag.size() > kTagBytesMax; };
  if (std::any_of(tables_.begin(), tables_.end(), too_long)) Add(BypassReason::kRelation);
  if (facts_.standby && !rule_.allow_standby) Add(BypassReason::kUpstream);
}

Verdict Judge::Take() {
  Verdict verdict;
  verdict.reasons.assign(reasons_.begin(), reasons_.end());
  verdict.tags.push_back(DatabaseTag(facts_.database));
  verdict.tags.insert(verdict.tags.end(), tables_.begin(), tables_.end());
  return verdict;
}

}  // namespace

std::string_view Name(BypassReason reason) {
  constexpr std::array<std::string_view, kBypassReasons> kNames = {
      "no_rule",        "not_judged", "not_select", "function", "relation",    "row_security",
      "ambiguous_name", "no_facts",   "upstream",   "shape",    "transaction", "session"};
  return kNames[static_cast<std::size_t>(reason)];
}

Verdict JudgeForCache(const StatementTraits* traits, const DatabaseFacts* facts,
                      const JudgeRule& rule) {
  if (traits == nullptr) return {{BypassReason::kNotJudged}, {}};
  const bool pure = traits->single_select && !traits->into && !traits->locking &&
                    !traits->data_modifying_cte && traits->writes.empty();
  if (facts == nullptr) {
    Verdict verdict;
    if (!pure) verdict.reasons.push_back(BypassReason::kNotSelect);
    verdict.reasons.push_back(BypassReason::kNoFacts);
    return verdict;
  }
  Judge judge(*facts, rule);
  if (!pure) judge.Add(BypassReason::kNotSelect);
  judge.Read(*traits, 0);
  judge.Limit();
  return judge.Take();
}

std::string DatabaseTag(std::string_view database) { return "db:" + std::string(database); }

std::string TableTag(std::string_view schema, std::string_view table) {
  return "table:" + QuoteIdentifier(schema) + "." + QuoteIdentifier(table);
}

namespace {

/// Takes one identifier off the front of `text`, in quotes or plain. Nothing if there is none.
std::optional<std::string> TakeIdentifier(std::string_view& text) {
  std::string name;
  if (!text.starts_with('"')) {
    const std::size_t end = std::min(text.find('.'), text.size());
    name = text.substr(0, end);
    text.remove_prefix(end);
    if (name.empty() || name.find('"') != std::string::npos) return std::nullopt;
    return name;
  }
  for (text.remove_prefix(1); !text.empty(); text.remove_prefix(1)) {
    if (text.front() != '"') {
      name += text.front();
      continue;
    }
    text.remove_prefix(1);
    if (!text.starts_with('"')) return name;
    name += '"';
  }
  return std::nullopt;
}

/// The schema and the name in `table:schema.name`, without quotes.
std::optional<UsedName> TableIn(std::string_view tag) {
  constexpr std::string_view kTable = "table:";
  if (!tag.starts_with(kTable)) return std::nullopt;
  std::string_view rest = tag.substr(kTable.size());
  auto schema = TakeIdentifier(rest);
  if (!schema || !rest.starts_with('.')) return std::nullopt;
  rest.remove_prefix(1);
  auto table = TakeIdentifier(rest);
  if (!table || !rest.empty()) return std::nullopt;
  return UsedName{std::move(*schema), std::move(*table)};
}

}  // namespace

bool IsTableTag(std::string_view tag) { return TableIn(tag).has_value(); }

std::string NormalTag(std::string_view tag) {
  const auto table = TableIn(tag);
  return table ? TableTag(table->schema, table->name) : std::string(tag);
}

}  // namespace pgsidecar::sql
