#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cache/core.h"
#include "pgsidecar/query_executor.h"

namespace pgsidecar::executor {

/// Brings the rows of a statement from PostgreSQL.
using Fetch = std::function<Outcome<Rows>()>;

/// One look-up of rows.
struct CachedCall {
  std::string name;              ///< For people and patterns.
  std::string_view server;       ///< Which rows these are: server, database, user, ...
  std::string_view sql;          ///< ... statement,
  const Parameters& parameters;  ///< ... and parameters.
  const QueryCacheOptions& options;
  Nanos deadline;  ///< PooledConnection::kNoDeadline: none.
  const Fetch& fetch;
  /// A fetch that owns what it needs, for the background.
  const std::function<Fetch()>& later;
};

/// Rows in a cache. Thread-safe; calls block as the fetch does.
class RowCache {
 public:
  virtual ~RowCache() = default;
  virtual Outcome<CachedRows> Get(const CachedCall& call) = 0;
  virtual Outcome<ClearedCache> Clear(std::string_view pattern) = 0;
  virtual ClearedCache ClearAll() = 0;
  virtual ClearedCache InvalidateTags(const std::vector<std::string>& tags) = 0;
};

std::unique_ptr<RowCache> MakeRowCache(cache::Core& core, const Clock& clock);

/// An executor whose rows are kept in a core that somebody else owns and starts; it outlives the
/// executor.
Outcome<std::unique_ptr<QueryExecutor>> MakeExecutor(const ExecutorOptions& options,
                                                     Telemetry& telemetry, cache::Core& core);

}  // namespace pgsidecar::executor
