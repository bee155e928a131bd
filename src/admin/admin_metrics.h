#pragma once

#include <array>

#include "metrics/registry.h"

namespace pgsidecar::admin {

inline constexpr metrics::Declaration kAdminRequests{"pgsidecar_admin_requests_total",
                                                     metrics::Type::kCounter, "handler,code",
                                                     "Requests to the admin listener."};

inline constexpr std::array kAdminMetrics{kAdminRequests};

}  // namespace pgsidecar::admin
