#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "metrics/command.h"
#include "sql/hash.h"

namespace pgsidecar::sql {

/// The words that the scanner acts upon. All others are kNone.
enum class WordId : std::uint8_t {
  kNone,
  kAbort,
  kAccess,
  kAggregate,
  kAlter,
  kAnalyse,
  kAnalyze,
  kAnd,
  kArray,
  kAtomic,
  kBegin,
  kBy,
  kCall,
  kCase,
  kCast,
  kChain,
  kCheckpoint,
  kClose,
  kCluster,
  kCollation,
  kComment,
  kCommit,
  kConversion,
  kCopy,
  kCreate,
  kData,
  kDatabase,
  kDeallocate,
  kDeclare,
  kDefault,
  kDelete,
  kDiscard,
  kDo,
  kDomain,
  kDrop,
  kEnd,
  kEvent,
  kExecute,
  kExplain,
  kExtension,
  kFetch,
  kForeign,
  kFrom,
  kFunction,
  kGrant,
  kGroup,
  kImport,
  kIn,
  kIndex,
  kInsert,
  kInto,
  kLanguage,
  kLarge,
  kListen,
  kLoad,
  kLock,
  kMapping,
  kMaterialized,
  kMerge,
  kMove,
  kNotify,
  kOn,
  kOnly,
  kOperator,
  kOwned,
  kPolicy,
  kPrepare,
  kPrepared,
  kProcedure,
  kPublication,
  kReassign,
  kRecursive,
  kRefresh,
  kReindex,
  kRelease,
  kReset,
  kRevoke,
  kRole,
  kRollback,
  kRoutine,
  kRule,
  kSavepoint,
  kSchema,
  kSecurity,
  kSelect,
  kSequence,
  kServer,
  kSet,
  kShow,
  kStart,
  kStatistics,
  kSubscription,
  kSystem,
  kTable,
  kTablespace,
  kText,
  kTransaction,
  kTransform,
  kTrigger,
  kTruncate,
  kType,
  kUescape,
  kUnlisten,
  kUpdate,
  kUser,
  kVacuum,
  kValues,
  kView,
  kWith,
};

/// What is known of an unquoted word.
struct WordInfo {
  static constexpr std::uint8_t kUpper = 1;    ///< Printed in upper case.
  static constexpr std::uint8_t kPrefix = 2;   ///< No expression ends here: a minus is a sign.
  static constexpr std::uint8_t kType = 4;     ///< A type whose modifier is kept.
  static constexpr std::uint8_t kVerb = 8;     ///< Begins a statement.
  static constexpr std::uint8_t kObject = 16;  ///< Completes the tag of CREATE, ALTER, DROP.
  static constexpr std::uint8_t kSkip = 32;    ///< May stand before such an object.

  WordId id = WordId::kNone;
  std::uint8_t flags = 0;

  bool Is(std::uint8_t flag) const { return (flags & flag) != 0; }
};

struct WordSlot {
  std::uint64_t hash = 0;
  WordInfo info;
};

constexpr std::size_t kWordSlots = 512;  ///< More than twice the words: short probes.
extern const std::array<WordSlot, kWordSlots> kWordTable;

/// By the hash of the case-folded word (HashOf).
inline WordInfo FindWord(std::uint64_t hash) {
  for (std::size_t at = hash % kWordSlots;; at = (at + 1) % kWordSlots) {
    if (kWordTable[at].hash == hash) return kWordTable[at].info;
    if (kWordTable[at].hash == 0) return {};
  }
}

/// How a statement that begins with this word is classified.
struct VerbInfo {
  std::string_view tag;  ///< PostgreSQL's command tag, without what CREATE, ALTER, DROP add.
  metrics::Command command = metrics::Command::kUnknown;
  bool data = false;     ///< Has a canonical text; all others are known by their tag alone.
  bool control = false;  ///< Transaction control, SET, SHOW, RESET, DEALLOCATE, DISCARD.
};

const VerbInfo& FindVerb(WordId verb);
/// What an object word adds to a tag: ` TABLE`, ` MATERIALIZED VIEW`.
std::string_view ObjectTag(WordId object);

}  // namespace pgsidecar::sql
