#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sql/database_facts.h"
#include "sql/statement_traits.h"

namespace pgsidecar::sql {

/// Why a statement is not answered from the cache: the closed label set `reason` of
/// cache_bypasses_total.
enum class BypassReason : std::uint8_t {
  kNoRule,
  kNotJudged,
  kNotSelect,
  kFunction,
  kRelation,
  kRowSecurity,
  kAmbiguousName,
  kNoFacts,
  kUpstream,
  kShape,
  kTransaction,
  kSession,
};
constexpr std::size_t kBypassReasons = 12;

std::string_view Name(BypassReason reason);

/// What whoever configured the caching of a statement vouches for.
struct JudgeRule {
  /// Functions and operators, `name` or `schema.name`, whose answer depends only on what is in the
  /// key.
  std::set<std::string, std::less<>> functions{};
  /// The key holds the settings that the row-level security policies read.
  bool keyed_row_security = false;
  bool allow_standby = false;
  std::size_t own_tags = 0;  ///< Tags that the rule adds to the judge's.
};

struct Verdict {
  std::vector<BypassReason> reasons{};  ///< All that apply, in the order of the enumeration.
  /// `db:shop`, `table:public.users`: every table that is read, views expanded.
  std::vector<std::string> tags{};

  bool cacheable() const { return reasons.empty(); }
};

constexpr std::size_t kEntryTagsMax = 16;
constexpr std::size_t kTagBytesMax = 256;

/// Whether the answer of a statement may be kept, and under which tags. `traits` is null for a text
/// that could not be read, `facts` when there are none. Pure.
Verdict JudgeForCache(const StatementTraits* traits, const DatabaseFacts* facts,
                      const JudgeRule& rule);

std::string DatabaseTag(std::string_view database);
std::string TableTag(std::string_view schema, std::string_view table);

/// Whether a tag names a table as TableTag does: `table:schema.name`, both well-formed.
bool IsTableTag(std::string_view tag);

/// A tag that somebody wrote, as TableTag spells it if it names a table: quotes that are not needed
/// are dropped, missing ones added.
std::string NormalTag(std::string_view tag);

}  // namespace pgsidecar::sql
