#pragma once

#include "pgsidecar/query_executor.h"
#include "sql/database_facts.h"

namespace pgsidecar::executor {

/// Reads what decides about caching from the system catalogues, all of it as of one moment. Every
/// name in what is sent is qualified, and the search_path is empty. Views are parsed on a stack
/// that is large enough. Blocks.
Outcome<sql::DatabaseFacts> ReadFacts(QueryExecutor& executor, const Operation& operation);

/// Answers of the catalogue queries, in text; the seam between reading and understanding.
struct CatalogueRows {
  Rows database;   ///< name, in recovery.
  Rows relations;  ///< schema, name, kind, row security, runs code, definition of a view.
  Rows parents;    ///< schema, name of a child, schema, name of what it inherits from.
  Rows actions;    ///< schema, name of a table, schema, name of what its changes change.
  Rows functions;  ///< schema, name, volatility as 0, 1, 2.
  Rows digest;     ///< One text.
  Rows operators;  ///< schema, name, volatility as 0, 1, 2.
};

sql::DatabaseFacts UnderstandFacts(const CatalogueRows& rows);

}  // namespace pgsidecar::executor
