#include <array>

#include "sql/words.h"

namespace pgsidecar::sql {
namespace {

using metrics::Command;

constexpr std::size_t kWords = 256;  // Every value of a WordId.

enum class Kind : std::uint8_t { kData, kPlain, kControl };

struct VerbRow {
  WordId verb;
  std::string_view tag;
  Command command;
  Kind kind;
};

/// WITH becomes what its main verb is.
constexpr VerbRow kVerbRows[] = {
    {WordId::kSelect, "SELECT", Command::kSelect, Kind::kData},
    {WordId::kValues, "VALUES", Command::kSelect, Kind::kData},
    {WordId::kTable, "TABLE", Command::kSelect, Kind::kData},
    {WordId::kInsert, "INSERT", Command::kInsert, Kind::kData},
    {WordId::kUpdate, "UPDATE", Command::kUpdate, Kind::kData},
    {WordId::kDelete, "DELETE", Command::kDelete, Kind::kData},
    {WordId::kMerge, "MERGE", Command::kMerge, Kind::kData},
    {WordId::kCall, "CALL", Command::kCall, Kind::kData},
    {WordId::kWith, "WITH", Command::kUnknown, Kind::kData},
    {WordId::kBegin, "BEGIN", Command::kTransaction, Kind::kControl},
    {WordId::kStart, "START TRANSACTION", Command::kTransaction, Kind::kControl},
    {WordId::kCommit, "COMMIT", Command::kTransaction, Kind::kControl},
    {WordId::kRollback, "ROLLBACK", Command::kTransaction, Kind::kControl},
    {WordId::kEnd, "COMMIT", Command::kTransaction, Kind::kControl},
    {WordId::kAbort, "ROLLBACK", Command::kTransaction, Kind::kControl},
    {WordId::kSavepoint, "SAVEPOINT", Command::kTransaction, Kind::kControl},
    {WordId::kRelease, "RELEASE", Command::kTransaction, Kind::kControl},
    {WordId::kSet, "SET", Command::kUtility, Kind::kControl},
    {WordId::kShow, "SHOW", Command::kUtility, Kind::kControl},
    {WordId::kReset, "RESET", Command::kUtility, Kind::kControl},
    {WordId::kDeallocate, "DEALLOCATE", Command::kUtility, Kind::kControl},
    {WordId::kDiscard, "DISCARD", Command::kUtility, Kind::kControl},
    {WordId::kCreate, "CREATE", Command::kDdl, Kind::kPlain},
    {WordId::kAlter, "ALTER", Command::kDdl, Kind::kPlain},
    {WordId::kDrop, "DROP", Command::kDdl, Kind::kPlain},
    {WordId::kTruncate, "TRUNCATE TABLE", Command::kDdl, Kind::kPlain},
    {WordId::kComment, "COMMENT", Command::kDdl, Kind::kPlain},
    {WordId::kGrant, "GRANT", Command::kDdl, Kind::kPlain},
    {WordId::kRevoke, "REVOKE", Command::kDdl, Kind::kPlain},
    {WordId::kSecurity, "SECURITY LABEL", Command::kDdl, Kind::kPlain},
    {WordId::kImport, "IMPORT FOREIGN SCHEMA", Command::kDdl, Kind::kPlain},
    {WordId::kReassign, "REASSIGN OWNED", Command::kDdl, Kind::kPlain},
    {WordId::kPrepare, "PREPARE", Command::kUtility, Kind::kPlain},
    {WordId::kExecute, "EXECUTE", Command::kUtility, Kind::kPlain},
    {WordId::kDeclare, "DECLARE CURSOR", Command::kUtility, Kind::kPlain},
    {WordId::kFetch, "FETCH", Command::kUtility, Kind::kPlain},
    {WordId::kMove, "MOVE", Command::kUtility, Kind::kPlain},
    {WordId::kClose, "CLOSE CURSOR", Command::kUtility, Kind::kPlain},
    {WordId::kListen, "LISTEN", Command::kUtility, Kind::kPlain},
    {WordId::kNotify, "NOTIFY", Command::kUtility, Kind::kPlain},
    {WordId::kUnlisten, "UNLISTEN", Command::kUtility, Kind::kPlain},
    {WordId::kLock, "LOCK TABLE", Command::kUtility, Kind::kPlain},
    {WordId::kVacuum, "VACUUM", Command::kUtility, Kind::kPlain},
    {WordId::kAnalyze, "ANALYZE", Command::kUtility, Kind::kPlain},
    {WordId::kAnalyse, "ANALYZE", Command::kUtility, Kind::kPlain},
    {WordId::kExplain, "EXPLAIN", Command::kUtility, Kind::kPlain},
    {WordId::kDo, "DO", Command::kUtility, Kind::kPlain},
    {WordId::kLoad, "LOAD", Command::kUtility, Kind::kPlain},
    {WordId::kCheckpoint, "CHECKPOINT", Command::kUtility, Kind::kPlain},
    {WordId::kCopy, "COPY", Command::kUtility, Kind::kPlain},
    {WordId::kCluster, "CLUSTER", Command::kUtility, Kind::kPlain},
    {WordId::kReindex, "REINDEX", Command::kUtility, Kind::kPlain},
    {WordId::kRefresh, "REFRESH MATERIALIZED VIEW", Command::kUtility, Kind::kPlain},
};

constexpr std::array<VerbInfo, kWords> kVerbs = [] {
  std::array<VerbInfo, kWords> table{};
  for (VerbInfo& info : table) info.tag = "UNKNOWN";
  for (const VerbRow& row : kVerbRows) {
    table[static_cast<std::size_t>(row.verb)] = {row.tag, row.command, row.kind == Kind::kData,
                                                 row.kind == Kind::kControl};
  }
  return table;
}();

struct ObjectRow {
  WordId object;
  std::string_view tag;
};

constexpr ObjectRow kObjectRows[] = {
    {WordId::kAccess, " ACCESS METHOD"},
    {WordId::kAggregate, " AGGREGATE"},
    {WordId::kCast, " CAST"},
    {WordId::kCollation, " COLLATION"},
    {WordId::kConversion, " CONVERSION"},
    {WordId::kDatabase, " DATABASE"},
    {WordId::kDefault, " DEFAULT PRIVILEGES"},
    {WordId::kDomain, " DOMAIN"},
    {WordId::kEvent, " EVENT TRIGGER"},
    {WordId::kExtension, " EXTENSION"},
    {WordId::kForeign, " FOREIGN TABLE"},
    {WordId::kFunction, " FUNCTION"},
    {WordId::kGroup, " ROLE"},
    {WordId::kIndex, " INDEX"},
    {WordId::kLanguage, " LANGUAGE"},
    {WordId::kLarge, " LARGE OBJECT"},
    {WordId::kMaterialized, " MATERIALIZED VIEW"},
    {WordId::kOperator, " OPERATOR"},
    {WordId::kOwned, " OWNED"},
    {WordId::kPolicy, " POLICY"},
    {WordId::kPrepared, " PREPARED"},
    {WordId::kProcedure, " PROCEDURE"},
    {WordId::kPublication, " PUBLICATION"},
    {WordId::kRole, " ROLE"},
    {WordId::kRoutine, " ROUTINE"},
    {WordId::kRule, " RULE"},
    {WordId::kSchema, " SCHEMA"},
    {WordId::kSequence, " SEQUENCE"},
    {WordId::kServer, " SERVER"},
    {WordId::kStatistics, " STATISTICS"},
    {WordId::kSubscription, " SUBSCRIPTION"},
    {WordId::kSystem, " SYSTEM"},
    {WordId::kTable, " TABLE"},
    {WordId::kTablespace, " TABLESPACE"},
    {WordId::kText, " TEXT SEARCH"},
    {WordId::kTransaction, " TRANSACTION"},
    {WordId::kTransform, " TRANSFORM"},
    {WordId::kTrigger, " TRIGGER"},
    {WordId::kType, " TYPE"},
    {WordId::kUser, " ROLE"},
    {WordId::kView, " VIEW"},
    {WordId::kData, " FOREIGN DATA WRAPPER"},
    {WordId::kMapping, " USER MAPPING"},
};

}  // namespace

const VerbInfo& FindVerb(WordId verb) { return kVerbs[static_cast<std::size_t>(verb)]; }

std::string_view ObjectTag(WordId object) {
  for (const ObjectRow& row : kObjectRows) {
    if (row.object == object) return row.tag;
  }
  return {};
}

}  // namespace pgsidecar::sql
