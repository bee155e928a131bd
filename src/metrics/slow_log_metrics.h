#pragma once

#include <array>

#include "metrics/registry.h"

namespace pgsidecar::metrics {

inline constexpr Declaration kSlowLogEntries{"pgsidecar_slow_log_entries_total", Type::kCounter,
                                             "event", "Lines written to the slow query log."};
inline constexpr Declaration kSlowLogSuppressed{"pgsidecar_slow_log_suppressed_total",
                                                Type::kCounter, "",
                                                "Slow log lines left out by the rate limit."};
inline constexpr Declaration kSlowLogExplains{"pgsidecar_slow_log_explains_total", Type::kCounter,
                                              "", "Plans added to the slow query log."};
/// `reason`: executor/skip_reason.h.
inline constexpr Declaration kSlowLogExplainSkips{"pgsidecar_slow_log_explain_skips_total",
                                                  Type::kCounter, "reason", "Plans not taken."};

inline constexpr std::array kSlowLogMetrics{kSlowLogEntries, kSlowLogSuppressed, kSlowLogExplains,
                                            kSlowLogExplainSkips};

}  // namespace pgsidecar::metrics
