#include "app/health.h"

#include <algorithm>
#include <string>

namespace pgsidecar::app {

admin::Health Liveness(const wire::WireHealth& wire, Nanos started, Nanos now) {
  constexpr Nanos kTickAgeMax = 5 * kNanosPerSecond;
  const Nanos age = now - std::max(wire.last_tick, started);
  if (age <= kTickAgeMax) return {};
  return {false, "the event loop has not ticked for " + std::to_string(age / kNanosPerSecond) +
                     " s; allowed: 5 s"};
}

admin::Health Readiness(const wire::WireHealth& wire, std::string_view upstream) {
  if (wire.draining) return {false, "draining"};
  if (wire.upstream_reached) return {};
  return {false, "PostgreSQL at " + std::string(upstream) + " has not been reached yet"};
}

}  // namespace pgsidecar::app
