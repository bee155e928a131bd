#include "sql/cache_effect.h"

#include <algorithm>
#include <set>

#include "sql/cache_judge.h"

namespace pgsidecar::sql {
namespace {

/// An event holds at most this many tables; one that would hold more is one for the database.
constexpr std::size_t kEventTagsMax = 64;

/// Collects the tables that a statement changes.
class Effect {
 public:
  explicit Effect(const DatabaseFacts& facts) : facts_(facts) {}

  void Call(const UsedName& function);
  /// `updates`: it does not only get new rows, so that foreign keys may act.
  void Write(const UsedName& relation, bool updates);
  void WriteAnything() { anything_ = true; }
  CacheEffect Take();

 private:
  void WriteRelation(const UsedName& name, const RelationFacts& relation, int level);
  void WriteView(const RelationFacts& view, int level);

  const DatabaseFacts& facts_;
  std::set<std::string> tags_;
  bool anything_ = false;
  bool updates_ = false;
};

/// VOLATILE functions of PostgreSQL itself write no table; those of users may write any.
void Effect::Call(const UsedName& function) {
  const auto schemas = facts_.functions.find(function.name);
  if (schemas == facts_.functions.end()) return WriteAnything();
  bool found = false;
  for (const auto& [schema, volatility] : schemas->second) {
    if (!function.schema.empty() && schema != function.schema) continue;
    found = true;
    if (schema != "pg_catalog" && volatility == Volatility::kVolatile) WriteAnything();
  }
  if (!found) WriteAnything();
}

void Effect::Write(const UsedName& relation, bool updates) {
  updates_ = updates;
  const auto schemas = facts_.relations.find(relation.name);
  if (schemas == facts_.relations.end()) return WriteAnything();
  bool found = false;
  for (const auto& [schema, facts] : schemas->second) {
    if (!relation.schema.empty() && schema != relation.schema) continue;
    found = true;
    WriteRelation({schema, relation.name}, facts, 0);
  }
  if (!found) WriteAnything();
}

void Effect::WriteRelation(const UsedName& name, const RelationFacts& relation, int level) {
  tags_.insert(TableTag(name.schema, name.name));
  if (relation.runs_code || relation.kind == RelationKind::kOther) WriteAnything();
  if (relation.kind == RelationKind::kView) WriteView(relation, level);
  for (const UsedName& each : relation.ancestors) tags_.insert(TableTag(each.schema, each.name));
  if (!updates_) return;
  for (const UsedName& each : relation.action_targets) {
    tags_.insert(TableTag(each.schema, each.name));
    const RelationFacts* target = facts_.Find(each);
    if (target == nullptr || target->runs_code) WriteAnything();
    if (target == nullptr) continue;
    for (const UsedName& root : target->ancestors) tags_.insert(TableTag(root.schema, root.name));
  }
}

/// A view that can be written passes the write on to what it reads.
void Effect::WriteView(const RelationFacts& view, int level) {
  constexpr int kLevelsMax = 8;
  if (!view.view || level >= kLevelsMax) return WriteAnything();
  for (const UsedName& each : view.view->reads) {
    const RelationFacts* relation = facts_.Find(each);
    if (relation != nullptr) {
      WriteRelation(each, *relation, level + 1);
    } else if (!each.maybe_cte) {
      WriteAnything();
    }
  }
}

CacheEffect Effect::Take() {
  if (anything_ || tags_.size() > kEventTagsMax) {
    return {EffectScope::kTags, {DatabaseTag(facts_.database)}};
  }
  if (tags_.empty()) return {};
  return {EffectScope::kTags, {tags_.begin(), tags_.end()}};
}

}  // namespace

CacheEffect EffectOnCaches(const StatementTraits* traits, const DatabaseFacts& facts) {
  Effect effect(facts);
  if (traits == nullptr) {
    effect.WriteAnything();
    return effect.Take();
  }
  if (traits->changes_definitions) return {EffectScope::kFloor, {}};
  if (traits->writes_unknown) effect.WriteAnything();
  for (const UsedName& name : traits->functions) effect.Call(name);
  for (const UsedName& name : traits->writes) {
    const auto& updates = traits->updates;
    effect.Write(name, std::find(updates.begin(), updates.end(), name) != updates.end());
  }
  return effect.Take();
}

}  // namespace pgsidecar::sql
