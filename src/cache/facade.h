#pragma once

#include <memory>

#include "cache/core.h"
#include "pgsidecar/cache.h"

namespace pgsidecar::cache {

/// The public face of a core that somebody else owns and starts; it outlives the result.
std::unique_ptr<Cache> MakeCache(Core& core);
/// What is behind it, for modules that need more than its face.
Core& CoreOf(const Cache& cache);

}  // namespace pgsidecar::cache
