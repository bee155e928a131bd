#pragma once

#include <string_view>

#include "admin/message.h"
#include "metrics/slow_log.h"

namespace pgsidecar::admin {

/// `GET /api/v1/slow-queries?since=`: what runs slow now, oldest first, and the last slow events
/// from `since` on, newest first. Each has the fields of the slow-query log, and `plan` once
/// it is explained.
Response SlowQueriesAnswer(std::string_view query, const metrics::SlowLog::View& view,
                           double threshold_seconds);

}  // namespace pgsidecar::admin
