#pragma once

#include "admin/admin_server.h"
#include "base/clock.h"
#include "wire/wire_front.h"

namespace pgsidecar::app {

/// `/healthz`: the loop ticked in the last 5 s. `started` stands for a tick before there was one.
admin::Health Liveness(const wire::WireHealth& wire, Nanos started, Nanos now);

/// `/readyz`: PostgreSQL was reached once, and no drain has begun.
admin::Health Readiness(const wire::WireHealth& wire, const wire::Upstream& upstream);

}  // namespace pgsidecar::app
