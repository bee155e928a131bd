#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sql/database_facts.h"
#include "sql/statement_traits.h"

namespace pgsidecar::sql {

/// Which cached answers a completed statement makes old.
enum class EffectScope : std::uint8_t {
  kNone,
  kTags,   ///< Those with one of `tags`.
  kFloor,  ///< All answers of SQL: definitions or privileges changed.
};

struct CacheEffect {
  EffectScope scope = EffectScope::kNone;
  std::vector<std::string> tags{};  ///< `table:public.users`, or `db:shop` alone.

  friend bool operator==(const CacheEffect&, const CacheEffect&) = default;
};

/// The effect of a statement that PostgreSQL completed. Without traits (a text that could not be
/// read) or without facts whatever may write is taken to have written anything. Pure.
CacheEffect EffectOnCaches(const StatementTraits* traits, const DatabaseFacts& facts);

}  // namespace pgsidecar::sql
