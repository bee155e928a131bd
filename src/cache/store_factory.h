#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "cache/keys.h"
#include "cache/options.h"
#include "cache/store.h"
#include "metrics/registry.h"

namespace pgsidecar::cache {

/// What a remote store works with. All of it outlives the store.
struct StoreContext {
  const Options& options;
  const KeySpace& keys;
  const Clock& clock;
  metrics::Registry& registry;
};

/// The remote store that `options.redis.url` names by its scheme, not started yet; null for an
/// empty url. An unknown scheme or a malformed url is an error that names it (without a password).
Result<std::unique_ptr<RemoteStore>> MakeRemoteStore(const StoreContext& context);

}  // namespace pgsidecar::cache
