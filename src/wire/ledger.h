#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/slow_log.h"
#include "sql/statement_index.h"
#include "wire/database_books.h"
#include "wire/instruments.h"
#include "wire/session_writes.h"
#include "wire/trace_pool.h"
#include "wire/wire_front.h"

namespace pgsidecar::wire {

/// What the loops of the wire front have in common. Thread-safe, or constant.
struct WireShared;

/// What the sessions of one loop report to. Loop thread only. Outlives its sessions: they hold
/// references into the statement index and the trace pool.
struct Ledger {
  explicit Ledger(WireShared& wire);

  /// The books of a database; call after PostgreSQL accepted the login.
  DatabaseBooks& BooksOf(std::string_view datname);

  WireShared& shared;
  sql::StatementIndex index;
  UnjudgedReads unjudged;
  TracePool traces;
  LoopCounters counters;
  LocalHistogram overhead;
  LocalHistogram passes;
  std::vector<std::unique_ptr<DatabaseBooks>> databases;
  std::vector<pgwire::TextStatement> text;  ///< Answer to the last OnText of any session.
};

}  // namespace pgsidecar::wire
