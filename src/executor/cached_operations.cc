#include "executor/cached_operations.h"

#include <algorithm>
#include <utility>

#include "sql/large_stack.h"

namespace pgsidecar::executor {
namespace {

using sql::BypassReason;
using sql::CacheEffect;
using sql::EffectScope;

constexpr std::string_view kKindsAllowed =
    "one SELECT, VALUES, TABLE, INSERT, UPDATE, DELETE, MERGE, TRUNCATE, REFRESH MATERIALIZED VIEW "
    "or CALL";

/// A table may have braces in its name, which mean parameters in a tag.
std::string AsTemplate(const std::string& tag) {
  std::string text;
  for (const char c : tag) {
    if (c == '{' || c == '}') text += c;
    text += c;
  }
  return text;
}

/// Tags that name tables have one spelling; what a parameter brings is taken as it is.
void NormaliseTags(std::vector<std::string>& tags) {
  for (std::string& tag : tags) {
    if (tag.find_first_of("{}") == std::string::npos) tag = sql::NormalTag(tag);
  }
}

/// Whether PostgreSQL might read the moment of the call from a parameter.
bool HoldsMoment(const OperationValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.value)) return sql::SpellsMoment(*text);
  const auto* list = std::get_if<OperationValue::List>(&value.value);
  return list != nullptr && std::any_of(list->begin(), list->end(), HoldsMoment);
}

/// Whether the statement may have been completed.
bool MayHaveRun(const OperationAnswer& answer) {
  const auto* error = std::get_if<OperationError>(&answer);
  if (error == nullptr) return true;
  return error->kind == OperationErrorKind::kQuery && error->query.in_doubt;
}

}  // namespace

Status CheckStatement(const OperationConfig& operation, const sql::StatementTraits* traits) {
  const OperationSpec& spec = operation.spec;
  const auto refuse = [&](std::string_view problem) {
    return Error{"operation " + spec.name + ": sql " + std::string(problem) +
                 "; allowed: " + std::string(kKindsAllowed)};
  };
  if (traits == nullptr) return {};
  if (traits->statements != 1) return refuse("is not one statement");
  if (traits->changes_session || traits->changes_definitions) {
    return refuse("changes its session or what is defined");
  }
  if (!traits->single_select && traits->writes.empty() && !traits->writes_unknown) {
    return refuse("is of another kind");
  }
  if (spec.read_only && (!traits->writes.empty() || traits->writes_unknown)) {
    return refuse(spec.cache ? "writes, so it cannot be cached" : "writes, but is read_only");
  }
  return {};
}

Result<std::unique_ptr<CachedOperations>> CachedOperations::Create(
    std::vector<OperationConfig> operations, Context context) {
  std::unique_ptr<CachedOperations> made(new CachedOperations(std::move(context)));
  std::vector<OperationSpec> plain;
  std::map<std::string, Entry, std::less<>> entries;
  const auto read = [&] {
    for (OperationConfig& operation : operations) {
      Entry entry{std::move(operation), std::nullopt};
      const std::string& text = entry.config.spec.sql;
      if (text.size() <= sql::kTraitsTextMax) entry.traits = sql::ReadTraits(text);
      std::string name = entry.config.spec.name;
      entries.emplace(std::move(name), std::move(entry));
    }
  };
  if (const Status started = sql::RunOnLargeStack(read); !started.ok()) return started.error();
  for (const auto& [name, entry] : entries) {
    const auto* traits = entry.traits ? &*entry.traits : nullptr;
    if (const Status checked = CheckStatement(entry.config, traits); !checked.ok()) {
      return checked.error();
    }
    plain.push_back(entry.config.spec);
    NormaliseTags(plain.back().invalidates);
    plain.back().cache.reset();
  }
  auto set = OperationSet::Create(std::move(plain), made->context_.executor);
  if (!set.ok()) return set.error();
  made->plain_ = std::move(set).value();
  made->entries_ = std::move(entries);
  made->snapshot_ = made->Judge(nullptr);
  return made;
}

std::shared_ptr<const CachedOperations::Snapshot> CachedOperations::Judge(
    std::shared_ptr<const sql::DatabaseFacts> facts) const {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->facts = std::move(facts);
  std::vector<OperationSpec> cached;
  for (const auto& [name, entry] : entries_) {
    const auto* traits = entry.traits ? &*entry.traits : nullptr;
    Judged judged;
    if (snapshot->facts != nullptr) {
      judged.effect = sql::EffectOnCaches(traits, *snapshot->facts);
    } else if (!entry.config.spec.read_only) {
      judged.effect.scope = EffectScope::kFloor;  // Whatever peers have may be old.
    }
    if (entry.config.spec.cache) {
      judged.verdict = sql::JudgeForCache(traits, snapshot->facts.get(), entry.config.rule);
      if (judged.verdict.cacheable()) {
        OperationSpec spec = entry.config.spec;
        NormaliseTags(spec.cache->tags);
        for (const auto& tag : judged.verdict.tags) spec.cache->tags.push_back(AsTemplate(tag));
        cached.push_back(std::move(spec));
      }
    }
    snapshot->judged.emplace(name, std::move(judged));
  }
  auto set = OperationSet::Create(std::move(cached), context_.executor);
  if (set.ok()) {
    snapshot->cached = std::move(set).value();
    return snapshot;
  }
  for (auto& [name, judged] : snapshot->judged) {
    judged.verdict.reasons.push_back(BypassReason::kRelation);  // A tag it does not take.
  }
  return snapshot;
}

std::shared_ptr<const CachedOperations::Snapshot> CachedOperations::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

void CachedOperations::UseFacts(std::shared_ptr<const sql::DatabaseFacts> facts,
                                std::uint64_t as_of) {
  auto next = Judge(std::move(facts));
  std::shared_ptr<const Snapshot> before;
  {
    const std::lock_guard lock(mutex_);
    if (as_of != forgotten_) return;
    before = std::exchange(snapshot_, next);
  }
  // A change made elsewhere, a REVOKE maybe: nobody told of it.
  const bool changed = before->facts != nullptr && next->facts != nullptr &&
                       before->facts->digest != next->facts->digest;
  if (changed) DropStale({EffectScope::kFloor, {}});
}

std::uint64_t CachedOperations::forgotten() const {
  const std::lock_guard lock(mutex_);
  return forgotten_;
}

CacheEffect CachedOperations::EffectOf(std::string_view database,
                                       const sql::StatementTraits* traits) const {
  const auto now = snapshot();
  if (now->facts != nullptr && now->facts->database == database) {
    return sql::EffectOnCaches(traits, *now->facts);
  }
  // Of what is not known everything is taken to be written.
  return sql::EffectOnCaches(traits, {.database = std::string(database)});
}

void CachedOperations::AddBlindWriter(std::string_view database) {
  const std::lock_guard lock(mutex_);
  ++blind_writers_[std::string(database)];
}

void CachedOperations::RemoveBlindWriter(std::string_view database) {
  const std::lock_guard lock(mutex_);
  const auto found = blind_writers_.find(database);
  if (found != blind_writers_.end() && --found->second == 0) blind_writers_.erase(found);
}

bool CachedOperations::HasBlindWriter(const sql::DatabaseFacts* facts) const {
  const std::lock_guard lock(mutex_);
  if (blind_writers_.empty()) return false;
  return facts == nullptr || blind_writers_.contains("") ||
         blind_writers_.contains(facts->database);
}

bool CachedOperations::has_facts() const { return snapshot()->facts != nullptr; }

bool CachedOperations::any_cached() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const auto& entry) { return entry.second.config.spec.cache.has_value(); });
}

void CachedOperations::ForgetFacts() {
  auto next = Judge(nullptr);
  {
    const std::lock_guard lock(mutex_);
    ++forgotten_;
    snapshot_ = std::move(next);
  }
  DropStale({EffectScope::kFloor, {}});
}

void CachedOperations::DropStale(const CacheEffect& effect) {
  switch (effect.scope) {
    case EffectScope::kNone:
      return;
    case EffectScope::kTags:
      static_cast<void>(context_.executor.InvalidateTags(effect.tags));
      return;
    case EffectScope::kFloor:
      if (context_.drop_all) context_.drop_all();
      return;
  }
}

OperationResult CachedOperations::Call(const OperationCall& call) {
  const auto now = snapshot();
  const auto entry = entries_.find(call.name);
  if (entry == entries_.end()) return {plain_->Call(call)};
  const Judged& judged = now->judged.find(call.name)->second;
  OperationResult result;
  if (entry->second.config.spec.cache) {
    if (!judged.verdict.cacheable()) {
      result.bypass = judged.verdict.reasons.front();
    } else if (std::any_of(call.values.begin(), call.values.end(),
                           [](const auto& each) { return HoldsMoment(each.second); })) {
      result.bypass = BypassReason::kFunction;
    } else if (HasBlindWriter(now->facts.get())) {
      result.bypass = BypassReason::kUpstream;
    } else {
      result.answer = now->cached->Call(call);
      return result;
    }
    if (context_.on_bypass) context_.on_bypass(*result.bypass);
  }
  result.answer = plain_->Call(call);
  if (MayHaveRun(result.answer)) DropStale(judged.effect);
  return result;
}

std::optional<CacheExplanation> CachedOperations::Explain(std::string_view name) const {
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return std::nullopt;
  const auto now = snapshot();
  const auto* traits = entry->second.traits ? &*entry->second.traits : nullptr;
  CacheExplanation explanation;
  explanation.cache = entry->second.config.spec.cache;
  sql::Verdict verdict = sql::JudgeForCache(traits, now->facts.get(), entry->second.config.rule);
  if (!explanation.cache) explanation.reasons.push_back(BypassReason::kNoRule);
  explanation.reasons.insert(explanation.reasons.end(), verdict.reasons.begin(),
                             verdict.reasons.end());
  explanation.tags = std::move(verdict.tags);
  if (explanation.cache) {
    explanation.tags.insert(explanation.tags.end(), explanation.cache->tags.begin(),
                            explanation.cache->tags.end());
  }
  return explanation;
}

CacheExplanation CachedOperations::ExplainSql(const std::string& sql) const {
  const auto traits = sql::ReadTraitsElsewhere(sql);
  sql::Verdict verdict =
      sql::JudgeForCache(traits ? &*traits : nullptr, snapshot()->facts.get(), {});
  CacheExplanation explanation;
  explanation.reasons.push_back(BypassReason::kNoRule);
  explanation.reasons.insert(explanation.reasons.end(), verdict.reasons.begin(),
                             verdict.reasons.end());
  explanation.tags = std::move(verdict.tags);
  return explanation;
}

}  // namespace pgsidecar::executor
