#pragma once

#include <memory>

#include "metrics/registry.h"

namespace spdlog::sinks {
class sink;
}

namespace pgsidecar::metrics {

/// A spdlog sink that counts lines by level in log_messages_total and writes nothing. Thread-safe.
/// Shared with the logger it is added to; the registry outlives both.
std::shared_ptr<spdlog::sinks::sink> MakeLogCounter(Registry& registry);

}  // namespace pgsidecar::metrics
