#pragma once

#include <array>

#include "metrics/registry.h"

namespace pgsidecar::app {

inline constexpr metrics::Declaration kBuildInfo{
    "pgsidecar_build_info", metrics::Type::kInfo,
    "version,revision,compiler,scanner_version,fingerprint_version", "Build of pgsidecar."};
inline constexpr metrics::Declaration kConfigInfo{
    "pgsidecar_config_info", metrics::Type::kInfo, "hash",
    "Hash of the active configuration without secrets."};
inline constexpr metrics::Declaration kConfigLastReloadSuccessful{
    "pgsidecar_config_last_reload_successful", metrics::Type::kGauge, "",
    "Whether the last configuration load succeeded."};
inline constexpr metrics::Declaration kConfigLastReloadSuccessTimestampSeconds{
    "pgsidecar_config_last_reload_success_timestamp_seconds", metrics::Type::kGauge, "",
    "Unix time of the last successful configuration load."};
inline constexpr metrics::Declaration kDraining{"pgsidecar_draining", metrics::Type::kGauge, "",
                                                "Whether pgsidecar is shutting down."};

inline constexpr std::array kAppMetrics{kBuildInfo, kConfigInfo, kConfigLastReloadSuccessful,
                                        kConfigLastReloadSuccessTimestampSeconds, kDraining};

}  // namespace pgsidecar::app
