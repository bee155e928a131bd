#pragma once

#include <string_view>

#include "admin/admin_server.h"
#include "base/clock.h"
#include "wire/wire_front.h"

namespace pgsidecar::app {

/// `/healthz`: the loop ticked in the last 5 s. `started` stands for a tick before there was one.
admin::Health Liveness(const wire::WireHealth& wire, Nanos started, Nanos now);

/// `/readyz`: PostgreSQL was reached once, and no drain has begun.
/// `upstream` names it: `db:5432`.
admin::Health Readiness(const wire::WireHealth& wire, std::string_view upstream);

}  // namespace pgsidecar::app
