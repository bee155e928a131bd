#pragma once

#include <prometheus/collectable.h>

#include <memory>

#include "metrics/registry.h"

namespace pgsidecar::metrics {

/// What an exposition of prometheus-cpp reads. Must not be collected from after `registry` is gone.
std::shared_ptr<prometheus::Collectable> MakeCollectable(Registry& registry);

}  // namespace pgsidecar::metrics
