#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ref.h"
#include "pgwire/conversation.h"
#include "sql/statement_index.h"
#include "wire/write_watch.h"

namespace pgsidecar::wire {

/// How it is decided what a completed statement may have written.
enum class WriteKind : std::uint8_t {
  kNone,         ///< It wrote nothing.
  kByTraits,     ///< Its text says it.
  kAnything,     ///< It may have written anything in its database.
  kDefinitions,  ///< It changed definitions or privileges.
};

/// By command and, for utilities, by the tag of CommandComplete (PostgreSQL manual, "Message
/// Formats").
WriteKind WriteKindOf(metrics::Command command, std::string_view tag);

/// Statements that only read as far as their command says, and whose text nobody has read yet. One
/// list per loop. Loop thread only.
class UnjudgedReads {
 public:
  static constexpr std::size_t kMax = 256;

  UnjudgedReads(WriteWatch* watch, const sql::StatementIndex& index)
      : watch_(watch), index_(index) {}

  /// False if the list is full.
  bool Add(const Ref<Referenced>& cell, std::string_view datname);
  /// Applies the effects of those that were judged meanwhile. Call from the tick.
  void Judge();

 private:
  struct Read {
    Ref<Referenced> cell;
    std::string datname;
  };
  WriteWatch* const watch_;
  const sql::StatementIndex& index_;
  std::vector<Read> reads_;
};

/// What the statements of one session may have made old in the caches, applied when PostgreSQL says
/// ReadyForQuery after the commit and dropped after a rollback. In doubt it is applied: that costs
/// a miss, never a wrong answer. Without a watch every call does nothing. Loop thread only.
class SessionWrites {
 public:
  SessionWrites(WriteWatch* watch, const sql::StatementIndex& index, UnjudgedReads& unjudged)
      : watch_(watch), index_(index), unjudged_(unjudged) {}

  bool watched() const { return watch_ != nullptr; }
  void OnStatement(const pgwire::StatementEnd& end, metrics::Command command,
                   std::string_view datname);
  void OnCopy(const pgwire::CopyEnd& end, std::string_view datname);
  void OnTransactionEnd(bool rolled_back);
  void OnReadyForQuery(char status);
  /// The session is not understood from now on.
  void OnBlind(std::string_view datname);
  /// The session is over. `owed`: the outcome of what ran is not known.
  void OnEnd(bool owed, std::string_view datname);

 private:
  /// The union of some effects. More than kTagsMax tags become all definitions: everything.
  struct Pending {
    static constexpr std::size_t kTagsMax = 64;
    bool definitions = false;
    std::vector<std::string> tags{};

    bool empty() const { return !definitions && tags.empty(); }
    void Add(const Pending& other);
  };

  void Note(const sql::CacheEffect& effect);
  void NoteAnything(std::string_view datname);
  void Apply(Pending& pending);

  WriteWatch* const watch_;
  const sql::StatementIndex& index_;
  UnjudgedReads& unjudged_;
  Pending group_;  ///< Since the last ReadyForQuery.
  Pending block_;  ///< Of earlier groups of the transaction block that is open.
  bool committed_ = false;
  bool rolled_back_ = false;
  bool blind_ = false;
};

}  // namespace pgsidecar::wire
