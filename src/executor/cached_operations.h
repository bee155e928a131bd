#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "executor/operation_config.h"
#include "executor/operation_set.h"
#include "pgsidecar/query_executor.h"
#include "sql/cache_effect.h"
#include "sql/cache_judge.h"
#include "sql/database_facts.h"

namespace pgsidecar::executor {

/// How a call of an operation ended.
struct OperationResult {
  OperationAnswer answer;
  std::optional<sql::BypassReason> bypass{};  ///< Why a cached operation was not looked up.
};

/// What the cache thinks of a statement.
struct CacheExplanation {
  std::vector<sql::BypassReason> reasons{};  ///< Empty: its answers are cached.
  std::vector<std::string> tags{};
  std::optional<OperationCacheSpec> cache{};  ///< Of an operation with one.
};

/// The operations of a process: those that are configured with a cache have one as long as what the
/// catalogue says makes it safe, and those that write drop the answers they made old before they
/// return. Thread-safe; calls block.
class CachedOperations {
 public:
  struct Context {
    QueryExecutor& executor;                             ///< Outlives it.
    std::function<void(sql::BypassReason)> on_bypass{};  ///< Called for every bypass.
    std::function<void()> drop_all{};  ///< Drops every answer of SQL, those of peers too.
  };

  /// Fails if an operation is wrong; the error names it. Nothing is cached before UseFacts.
  static Result<std::unique_ptr<CachedOperations>> Create(std::vector<OperationConfig> operations,
                                                          Context context);

  OperationResult Call(const OperationCall& call);

  /// Judges all operations anew, and drops every answer if definitions or privileges are not what
  /// they were. Null: nothing is known, so nothing is cached. `as_of` is what forgotten() said
  /// before the facts were read; if they were forgotten since, nothing changes.
  void UseFacts(std::shared_ptr<const sql::DatabaseFacts> facts, std::uint64_t as_of);
  std::uint64_t forgotten() const;  ///< How often ForgetFacts was called.
  bool has_facts() const;

  /// Definitions or privileges changed: drops every answer, and caches none until UseFacts.
  void ForgetFacts();

  /// What a statement that somebody else completed on `database` makes old. Null traits: its text
  /// could not be read.
  sql::CacheEffect EffectOf(std::string_view database, const sql::StatementTraits* traits) const;
  /// Somebody may write to `database` (empty: to any) without being understood: nothing of it is
  /// looked up until the matching RemoveBlindWriter.
  void AddBlindWriter(std::string_view database);
  void RemoveBlindWriter(std::string_view database);

  /// In order of their names.
  const std::vector<OperationSpec>& specs() const { return plain_->specs(); }
  const OperationSpec* Find(std::string_view name) const { return plain_->Find(name); }
  bool any_cached() const;

  /// Nothing if there is no such operation.
  std::optional<CacheExplanation> Explain(std::string_view name) const;
  /// Of a statement without any rule, as if there were one that vouches for nothing.
  CacheExplanation ExplainSql(const std::string& sql) const;

 private:
  struct Entry {
    OperationConfig config;
    std::optional<sql::StatementTraits> traits;
  };
  struct Judged {
    sql::Verdict verdict{};
    sql::CacheEffect effect{};
  };
  /// What holds as long as the facts do. Immutable.
  struct Snapshot {
    std::shared_ptr<const sql::DatabaseFacts> facts{};
    std::unique_ptr<OperationSet> cached{};  ///< Those that may be cached, with all their tags.
    std::map<std::string, Judged, std::less<>> judged{};
  };

  explicit CachedOperations(Context context) : context_(std::move(context)) {}
  std::shared_ptr<const Snapshot> Judge(std::shared_ptr<const sql::DatabaseFacts> facts) const;
  std::shared_ptr<const Snapshot> snapshot() const;
  void DropStale(const sql::CacheEffect& effect);
  bool HasBlindWriter(const sql::DatabaseFacts* facts) const;

  const Context context_;
  std::map<std::string, Entry, std::less<>> entries_;  ///< Constant after Create.
  std::unique_ptr<OperationSet> plain_;                ///< All of them, without a cache.
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_;  ///< Guarded by mutex_; shared with calls under way.
  std::uint64_t forgotten_ = 0;               ///< Guarded by mutex_.
  std::map<std::string, int, std::less<>> blind_writers_;  ///< By database. Guarded by mutex_.
};

/// Checks what only the parse tree tells of an operation: one statement, of a kind that may be
/// called. The error says what is wrong with it.
Status CheckStatement(const OperationConfig& operation, const sql::StatementTraits* traits);

}  // namespace pgsidecar::executor
