#pragma once

#include <functional>
#include <string_view>

#include "admin/message.h"
#include "cache/core.h"
#include "executor/cached_operations.h"
#include "metrics/registry.h"

namespace pgsidecar::admin {

/// What the routes of the cache work on.
struct CacheContext {
  cache::Core& cache;
  metrics::Registry& registry;
  const executor::CachedOperations* operations = nullptr;
  /// Whether the connection that hears of writes made elsewhere is up.
  std::function<bool()> notify_connected{};
};

/// `GET /api/v1/cache`: numbers per cache and store, and what is no series.
Response CacheAnswerOf(const CacheContext& context);

/// `DELETE /api/v1/cache?pattern=` or `?tag=`, optional `&cache=query|http`.
Response PurgeAnswer(const CacheContext& context, std::string_view query);

/// `POST /api/v1/cache/explain`. Requires: a thread with a stack of the usual size.
Response ExplainAnswer(const CacheContext& context, std::string_view body);

}  // namespace pgsidecar::admin
