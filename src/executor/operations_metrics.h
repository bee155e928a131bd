#pragma once

#include <array>
#include <string_view>

#include "executor/notify_listener.h"
#include "metrics/registry.h"

namespace pgsidecar::executor {

/// Label `kind`, in the order of NoticeKind.
inline constexpr std::array<std::string_view, 5> kNoticeKindNames = {"table", "tag", "key",
                                                                     "pattern", "unknown"};

inline constexpr metrics::Declaration kCacheNotificationsTotal{
    "pgsidecar_cache_notifications_total", metrics::Type::kCounter, "kind",
    "Notifications heard on pgsidecar_invalidate; unknown ones were ignored."};

inline constexpr std::array kOperationsMetrics{kCacheNotificationsTotal};

}  // namespace pgsidecar::executor
