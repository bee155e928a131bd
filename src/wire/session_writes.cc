#include "wire/session_writes.h"

#include <algorithm>
#include <array>

#include "sql/cache_judge.h"

namespace pgsidecar::wire {
namespace {

using metrics::Command;

/// Tags of utilities that write to no table. FETCH and MOVE are not among them: they run the query
/// of a cursor, which may call a function that writes.
constexpr std::array<std::string_view, 17> kHarmless = {
    "SET",      "RESET",  "SHOW", "PREPARE", "DEALLOCATE", "DISCARD", "DECLARE", "CLOSE",  "LISTEN",
    "UNLISTEN", "NOTIFY", "LOCK", "VACUUM",  "CHECKPOINT", "CLUSTER", "LOAD",    "ANALYZE"};

bool IsHarmless(std::string_view tag) {
  const std::string_view word = tag.substr(0, tag.find(' '));
  return std::find(kHarmless.begin(), kHarmless.end(), word) != kHarmless.end();
}

sql::CacheEffect Anything(std::string_view datname) {
  return {sql::EffectScope::kTags, {sql::DatabaseTag(datname)}};
}

}  // namespace

WriteKind WriteKindOf(Command command, std::string_view tag) {
  switch (command) {
    case Command::kSelect:
    case Command::kInsert:
    case Command::kUpdate:
    case Command::kDelete:
    case Command::kMerge:
    case Command::kCall:
      return WriteKind::kByTraits;
    case Command::kTransaction:
      return tag == "COMMIT PREPARED" ? WriteKind::kAnything : WriteKind::kNone;
    case Command::kDdl:
      return WriteKind::kDefinitions;
    case Command::kUtility:
      return IsHarmless(tag) ? WriteKind::kNone : WriteKind::kAnything;
    case Command::kEmpty:
      return WriteKind::kNone;
    case Command::kUnknown:
      break;
  }
  return WriteKind::kAnything;
}

bool UnjudgedReads::Add(const Ref<Referenced>& cell, std::string_view datname) {
  const auto same = [&](const Read& read) { return read.cell.get() == cell.get(); };
  if (std::any_of(reads_.begin(), reads_.end(), same)) return true;
  if (reads_.size() >= kMax) return false;
  reads_.push_back({cell, std::string(datname)});
  return true;
}

void UnjudgedReads::Judge() {
  std::erase_if(reads_, [this](const Read& read) {
    if (index_.IsPending(*read.cell)) return false;
    const sql::CacheEffect effect = watch_->EffectOf(read.datname, index_.TraitsOf(*read.cell));
    if (effect.scope != sql::EffectScope::kNone) watch_->Apply(effect);
    return true;
  });
}

void SessionWrites::Pending::Add(const Pending& other) {
  definitions = definitions || other.definitions;
  for (const std::string& tag : other.tags) {
    if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
  }
  if (tags.size() <= kTagsMax) return;
  definitions = true;
  tags.clear();
}

void SessionWrites::Note(const sql::CacheEffect& effect) {
  group_.Add({.definitions = effect.scope == sql::EffectScope::kFloor, .tags = effect.tags});
}

void SessionWrites::NoteAnything(std::string_view datname) { Note(Anything(datname)); }

void SessionWrites::OnStatement(const pgwire::StatementEnd& end, Command command,
                                std::string_view datname) {
  if (watch_ == nullptr || end.failed) return;
  switch (WriteKindOf(command, end.tag.data())) {
    case WriteKind::kNone:
      return;
    case WriteKind::kAnything:
      return NoteAnything(datname);
    case WriteKind::kDefinitions:
      return Note({sql::EffectScope::kFloor, {}});
    case WriteKind::kByTraits:
      break;
  }
  if (!end.statement) return NoteAnything(datname);
  if (index_.IsPending(*end.statement)) {
    const bool reads = command == Command::kSelect && !index_.BeginsWithCte(*end.statement);
    if (reads && unjudged_.Add(end.statement, datname)) return;
    return NoteAnything(datname);
  }
  Note(watch_->EffectOf(datname, index_.TraitsOf(*end.statement)));
}

void SessionWrites::OnCopy(const pgwire::CopyEnd& end, std::string_view datname) {
  if (watch_ == nullptr || end.failed || end.direction == pgwire::CopyDirection::kOut) return;
  NoteAnything(datname);
}

void SessionWrites::OnTransactionEnd(bool rolled_back) {
  (rolled_back ? rolled_back_ : committed_) = true;
}

void SessionWrites::OnReadyForQuery(char status) {
  if (watch_ == nullptr) return;
  // What this group did may have been before or after the end of a block in it.
  if (rolled_back_ && !committed_) block_ = {};
  if (status == 'I' || committed_) {
    Apply(block_);
    Apply(group_);
  } else {
    block_.Add(group_);
    group_ = {};
  }
  committed_ = rolled_back_ = false;
}

void SessionWrites::Apply(Pending& pending) {
  if (pending.empty()) return;
  if (pending.definitions) watch_->Apply({sql::EffectScope::kFloor, {}});
  if (!pending.tags.empty()) watch_->Apply({sql::EffectScope::kTags, std::move(pending.tags)});
  pending = {};
}

void SessionWrites::OnBlind(std::string_view datname) {
  if (watch_ == nullptr || blind_) return;
  blind_ = true;
  watch_->BlindWriterBegan(datname);
}

void SessionWrites::OnEnd(bool owed, std::string_view datname) {
  if (watch_ == nullptr) return;
  if (owed) {
    NoteAnything(datname);
    Apply(block_);
    Apply(group_);
  }
  if (blind_) watch_->BlindWriterEnded(datname);
  blind_ = false;
}

}  // namespace pgsidecar::wire
