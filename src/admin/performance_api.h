#pragma once

#include <string_view>

#include "admin/message.h"
#include "pgsidecar/performance_monitor.h"

namespace pgsidecar::admin {

/// `GET /api/v1/performance`, of all names or of `?name=` alone.
Response PerformanceAnswer(std::string_view query, const PerformanceMonitor& monitor);

}  // namespace pgsidecar::admin
