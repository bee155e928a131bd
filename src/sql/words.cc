#include "sql/words.h"

#include <array>

namespace pgsidecar::sql {
namespace {

constexpr std::uint8_t kU = WordInfo::kUpper;
constexpr std::uint8_t kP = WordInfo::kPrefix;
constexpr std::uint8_t kT = WordInfo::kType;
constexpr std::uint8_t kV = WordInfo::kVerb;
constexpr std::uint8_t kO = WordInfo::kObject;
constexpr std::uint8_t kS = WordInfo::kSkip;

struct Row {
  std::string_view word;
  std::uint8_t flags;
  WordId id = WordId::kNone;
};

/// PostgreSQL manual, appendix C, as far as it matters here.
constexpr Row kRows[] = {
    {"abort", kV, WordId::kAbort},
    {"access", kO, WordId::kAccess},
    {"aggregate", kO, WordId::kAggregate},
    {"all", kU | kP},
    {"alter", kV, WordId::kAlter},
    {"analyse", kU | kV, WordId::kAnalyse},
    {"analyze", kU | kV, WordId::kAnalyze},
    {"and", kU | kP, WordId::kAnd},
    {"any", kU | kP},
    {"array", kU, WordId::kArray},
    {"as", kU | kP},
    {"asc", kU},
    {"asymmetric", kU | kP},
    {"atomic", 0, WordId::kAtomic},
    {"authorization", kU},
    {"begin", kV, WordId::kBegin},
    {"between", kU | kP},
    {"binary", kU},
    {"bit", kT},
    {"both", kU | kP},
    {"by", kU | kP, WordId::kBy},
    {"call", kU | kV, WordId::kCall},
    {"case", kU | kP, WordId::kCase},
    {"cast", kU | kO, WordId::kCast},
    {"chain", 0, WordId::kChain},
    {"char", kT},
    {"character", kT},
    {"check", kU},
    {"checkpoint", kV, WordId::kCheckpoint},
    {"close", kV, WordId::kClose},
    {"cluster", kV, WordId::kCluster},
    {"collate", kU | kP},
    {"collation", kU | kO, WordId::kCollation},
    {"column", kU},
    {"comment", kV, WordId::kComment},
    {"commit", kV, WordId::kCommit},
    {"concurrently", kU},
    {"conflict", kU},
    {"constraint", kU | kS},
    {"conversion", kO, WordId::kConversion},
    {"copy", kV, WordId::kCopy},
    {"create", kU | kV, WordId::kCreate},
    {"cross", kU},
    {"current_catalog", kU},
    {"current_date", kU},
    {"current_role", kU},
    {"current_schema", kU},
    {"current_time", kU | kT},
    {"current_timestamp", kU | kT},
    {"current_user", kU},
    {"data", 0, WordId::kData},
    {"database", kO, WordId::kDatabase},
    {"deallocate", kV, WordId::kDeallocate},
    {"dec", kT},
    {"decimal", kT},
    {"declare", kV, WordId::kDeclare},
    {"default", kU | kO, WordId::kDefault},
    {"deferrable", kU},
    {"delete", kU | kV, WordId::kDelete},
    {"desc", kU},
    {"discard", kV, WordId::kDiscard},
    {"distinct", kU | kP},
    {"do", kU | kV, WordId::kDo},
    {"domain", kO, WordId::kDomain},
    {"drop", kV, WordId::kDrop},
    {"else", kU | kP},
    {"end", kU | kV, WordId::kEnd},
    {"escape", kU | kP},
    {"event", kO, WordId::kEvent},
    {"except", kU | kP},
    {"execute", kV, WordId::kExecute},
    {"explain", kV, WordId::kExplain},
    {"extension", kO, WordId::kExtension},
    {"false", kU},
    {"fetch", kU | kV, WordId::kFetch},
    {"float", kT},
    {"for", kU | kP},
    {"foreign", kU | kO, WordId::kForeign},
    {"freeze", kU},
    {"from", kU | kP, WordId::kFrom},
    {"full", kU},
    {"function", kO, WordId::kFunction},
    {"global", kS},
    {"grant", kU | kV, WordId::kGrant},
    {"group", kU | kO, WordId::kGroup},
    {"having", kU | kP},
    {"ilike", kU | kP},
    {"import", kV, WordId::kImport},
    {"in", kU | kP, WordId::kIn},
    {"index", kO, WordId::kIndex},
    {"initially", kU},
    {"inner", kU},
    {"insert", kU | kV, WordId::kInsert},
    {"intersect", kU | kP},
    {"interval", kT},
    {"into", kU | kP, WordId::kInto},
    {"is", kU | kP},
    {"isnull", kU},
    {"join", kU},
    {"language", kO, WordId::kLanguage},
    {"large", kO, WordId::kLarge},
    {"lateral", kU | kP},
    {"leading", kU},
    {"left", kU},
    {"like", kU | kP},
    {"limit", kU | kP},
    {"listen", kV, WordId::kListen},
    {"load", kV, WordId::kLoad},
    {"local", kS},
    {"localtime", kU | kT},
    {"localtimestamp", kU | kT},
    {"lock", kV, WordId::kLock},
    {"mapping", 0, WordId::kMapping},
    {"matched", kU},
    {"materialized", kU | kO, WordId::kMaterialized},
    {"merge", kU | kV, WordId::kMerge},
    {"move", kV, WordId::kMove},
    {"national", kT},
    {"natural", kU},
    {"nchar", kT},
    {"not", kU | kP},
    {"nothing", kU},
    {"notify", kV, WordId::kNotify},
    {"notnull", kU},
    {"null", kU},
    {"numeric", kT},
    {"offset", kU | kP},
    {"on", kU | kP, WordId::kOn},
    {"only", kU, WordId::kOnly},
    {"operator", kO, WordId::kOperator},
    {"or", kU | kP | kS},
    {"order", kU},
    {"outer", kU},
    {"over", kU},
    {"overlaps", kU},
    {"owned", kO, WordId::kOwned},
    {"partition", kU},
    {"placing", kU},
    {"policy", kO, WordId::kPolicy},
    {"prepare", kV, WordId::kPrepare},
    {"prepared", kO, WordId::kPrepared},
    {"primary", kU},
    {"procedural", kS},
    {"procedure", kO, WordId::kProcedure},
    {"publication", kO, WordId::kPublication},
    {"reassign", kV, WordId::kReassign},
    {"recursive", kU | kS, WordId::kRecursive},
    {"references", kU},
    {"refresh", kV, WordId::kRefresh},
    {"reindex", kV, WordId::kReindex},
    {"release", kV, WordId::kRelease},
    {"replace", kS},
    {"reset", kV, WordId::kReset},
    {"returning", kU | kP},
    {"revoke", kV, WordId::kRevoke},
    {"right", kU},
    {"role", kO, WordId::kRole},
    {"rollback", kV, WordId::kRollback},
    {"routine", kO, WordId::kRoutine},
    {"rule", kO, WordId::kRule},
    {"savepoint", kV, WordId::kSavepoint},
    {"schema", kO, WordId::kSchema},
    {"second", kT},
    {"security", kV, WordId::kSecurity},
    {"select", kU | kP | kV, WordId::kSelect},
    {"sequence", kO, WordId::kSequence},
    {"server", kO, WordId::kServer},
    {"session_user", kU},
    {"set", kU | kV, WordId::kSet},
    {"show", kV, WordId::kShow},
    {"similar", kU | kP},
    {"some", kU | kP},
    {"start", kV, WordId::kStart},
    {"statistics", kO, WordId::kStatistics},
    {"subscription", kO, WordId::kSubscription},
    {"symmetric", kU | kP},
    {"system", kO, WordId::kSystem},
    {"table", kU | kV | kO, WordId::kTable},
    {"tablesample", kU},
    {"tablespace", kO, WordId::kTablespace},
    {"temp", kS},
    {"temporary", kS},
    {"text", kO, WordId::kText},
    {"then", kU | kP},
    {"time", kT},
    {"timestamp", kT},
    {"to", kU},
    {"trailing", kU},
    {"transaction", kO, WordId::kTransaction},
    {"transform", kO, WordId::kTransform},
    {"trigger", kO, WordId::kTrigger},
    {"true", kU},
    {"truncate", kV, WordId::kTruncate},
    {"trusted", kS},
    {"type", kO, WordId::kType},
    {"uescape", 0, WordId::kUescape},
    {"union", kU | kP},
    {"unique", kU | kS},
    {"unlisten", kV, WordId::kUnlisten},
    {"unlogged", kS},
    {"update", kU | kV, WordId::kUpdate},
    {"user", kU | kO, WordId::kUser},
    {"using", kU | kP},
    {"vacuum", kV, WordId::kVacuum},
    {"values", kU | kP | kV, WordId::kValues},
    {"varchar", kT},
    {"variadic", kU | kP},
    {"varying", kT},
    {"verbose", kU},
    {"view", kO, WordId::kView},
    {"when", kU | kP},
    {"where", kU | kP},
    {"window", kU},
    {"with", kU | kV, WordId::kWith},
};

constexpr std::size_t kSlots = 1024;  // Power of two, about four times the rows: short probes.
static_assert(std::size(kRows) * 3 < kSlots);

struct Slot {
  std::uint64_t hash = 0;
  WordInfo info;
};

constexpr std::array<Slot, kSlots> kTable = [] {
  std::array<Slot, kSlots> table{};
  for (const Row& row : kRows) {
    const std::uint64_t hash = HashOf(row.word);
    std::size_t at = hash % kSlots;
    while (table[at].hash != 0) at = (at + 1) % kSlots;
    table[at] = {hash, {row.id, row.flags}};
  }
  return table;
}();

}  // namespace

WordInfo FindWord(std::uint64_t hash) {
  for (std::size_t at = hash % kSlots;; at = (at + 1) % kSlots) {
    if (kTable[at].hash == hash) return kTable[at].info;
    if (kTable[at].hash == 0) return {};
  }
}

}  // namespace pgsidecar::sql
