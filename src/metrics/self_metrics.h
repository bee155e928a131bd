#pragma once

#include <array>
#include <string_view>

#include "metrics/registry.h"

namespace pgsidecar::metrics {

inline constexpr Declaration kExpositionDurationSeconds{"pgsidecar_exposition_duration_seconds",
                                                        Type::kGauge, "",
                                                        "Time the previous exposition took."};
inline constexpr Declaration kExpositionSizeBytes{
    "pgsidecar_exposition_size_bytes", Type::kGauge, "",
    "Size of the previous exposition before compression."};
inline constexpr Declaration kExposedSeries{"pgsidecar_exposed_series", Type::kGauge, "",
                                            "Samples in the previous exposition."};
/// Set once by the application to SeriesLimit(...) (metrics/series_limit.h).
inline constexpr Declaration kSeriesLimit{"pgsidecar_series_limit", Type::kGauge, "",
                                          "Most samples this configuration can expose."};
/// `sink`: the queue that was full: slow_log, log.
inline constexpr Declaration kEventsDroppedTotal{
    "pgsidecar_events_dropped_total", Type::kCounter, "sink",
    "Observations lost because a queue was full; should stay 0."};
/// `component`: the module, one of kComponents. All exist at 0 from the start.
inline constexpr Declaration kInternalErrorsTotal{
    "pgsidecar_internal_errors_total", Type::kCounter, "component",
    "Failures inside pgsidecar that were survived; should stay 0."};
/// `level`: trace, debug, info, warning, error, critical. Fed by MakeLogCounter.
inline constexpr Declaration kLogMessagesTotal{"pgsidecar_log_messages_total", Type::kCounter,
                                               "level", "Log lines written."};

/// Values of `component`.
inline constexpr std::array<std::string_view, 8> kComponents = {"net",  "pgwire", "metrics", "sql",
                                                                "wire", "admin",  "config",  "app"};

inline constexpr std::array kSelfMetrics{
    kExpositionDurationSeconds, kExpositionSizeBytes, kExposedSeries,   kSeriesLimit,
    kEventsDroppedTotal,        kInternalErrorsTotal, kLogMessagesTotal};

}  // namespace pgsidecar::metrics
