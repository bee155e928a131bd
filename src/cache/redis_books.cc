#include "cache/redis_books.h"

#include "cache/store.h"

namespace pgsidecar::cache {
namespace {

constexpr std::string_view kStore = kStoreNames[static_cast<std::size_t>(StoreKind::kRedis)];

}  // namespace

RedisBooks::RedisBooks(metrics::Registry& registry, bool authenticated)
    : get_(registry.AddHistogram(kCacheOperationDurationSeconds, {kStore, kStoreActionNames[0]})),
      set_(registry.AddHistogram(kCacheOperationDurationSeconds, {kStore, kStoreActionNames[1]})),
      invalidate_(
          registry.AddHistogram(kCacheOperationDurationSeconds, {kStore, kStoreActionNames[2]})),
      lag_(registry.AddGauge(kCacheInvalidationLagSeconds)),
      up_(registry.AddGauge(kCacheStoreUp, {kStore})) {
  registry.AddGauge(kCacheStoreAuthenticated, {kStore}).Set(authenticated ? 1 : 0);
  for (std::size_t i = 0; i < errors_.size(); ++i) {
    errors_[i] = &registry.AddCounter(kCacheStoreErrorsTotal, {kStore, kStoreErrorNames[i]});
  }
}

}  // namespace pgsidecar::cache
