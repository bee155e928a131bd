#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sql/statement_traits.h"

namespace pgsidecar::sql {

enum class Volatility : std::uint8_t { kImmutable, kStable, kVolatile };

/// The relation kinds of pg_class.relkind that matter.
enum class RelationKind : std::uint8_t { kTable, kView, kMaterializedView, kForeignTable, kOther };

struct RelationFacts {
  RelationKind kind = RelationKind::kTable;
  bool row_security = false;
  bool foreign_members = false;  ///< A foreign table is among its partitions or children.
  /// Writing to it runs code of users: triggers (pgsidecar's own excepted) or rules.
  bool runs_code = false;
  /// `schema.name` of what it is a partition or child of, up to the root.
  std::vector<UsedName> ancestors{};
  /// Tables that a foreign-key action (CASCADE, SET NULL, SET DEFAULT) changes along with it.
  std::vector<UsedName> action_targets{};
  /// What the definition of a view reads and calls. Nothing: it could not be read.
  std::optional<StatementTraits> view{};
};

/// What the catalogue of one database said at one moment. Plain data.
struct DatabaseFacts {
  template <class T>
  using BySchema = std::map<std::string, T, std::less<>>;
  template <class T>
  using ByName = std::map<std::string, BySchema<T>, std::less<>>;

  std::string database{};
  ByName<RelationFacts> relations{};  ///< By name, then schema. Temporary ones are not in it.
  ByName<Volatility> functions{};     ///< The most volatile overload.
  ByName<Volatility> operators{};     ///< The most volatile function behind that name.
  bool standby = false;
  /// Changes with every definition, privilege, role and setting that an answer could depend on.
  std::string digest{};

  /// Null if there is none.
  const RelationFacts* Find(const UsedName& relation) const;
};

}  // namespace pgsidecar::sql
