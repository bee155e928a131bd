#pragma once

#include <array>

#include "metrics/registry.h"

namespace pgsidecar::admin {

inline constexpr metrics::Declaration kAdminRequests{"pgsidecar_admin_requests_total",
                                                     metrics::Type::kCounter, "handler,code",
                                                     "Requests to the admin listener."};

inline constexpr metrics::Declaration kAdminUnauthorized{
    "pgsidecar_admin_unauthorized_total", metrics::Type::kCounter, "",
    "Calls to the admin listener refused for want of a valid token."};

inline constexpr std::array kAdminMetrics{kAdminRequests, kAdminUnauthorized};

}  // namespace pgsidecar::admin
