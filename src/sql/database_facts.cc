#include "sql/database_facts.h"

namespace pgsidecar::sql {

const RelationFacts* DatabaseFacts::Find(const UsedName& relation) const {
  const auto schemas = relations.find(relation.name);
  if (schemas == relations.end()) return nullptr;
  if (relation.schema.empty()) return &schemas->second.begin()->second;
  const auto found = schemas->second.find(relation.schema);
  return found == schemas->second.end() ? nullptr : &found->second;
}

}  // namespace pgsidecar::sql
