#pragma once

#include <array>

#include "metrics/registry.h"

namespace pgsidecar::metrics {

inline constexpr Declaration kProcessCpuSecondsTotal{
    "process_cpu_seconds_total", Type::kCounter, "",
    "Total user and system CPU time spent in seconds."};
inline constexpr Declaration kProcessStartTimeSeconds{
    "process_start_time_seconds", Type::kGauge, "",
    "Start time of the process since unix epoch in seconds."};
inline constexpr Declaration kProcessResidentMemoryBytes{
    "process_resident_memory_bytes", Type::kGauge, "", "Resident memory size in bytes."};
inline constexpr Declaration kProcessVirtualMemoryBytes{
    "process_virtual_memory_bytes", Type::kGauge, "", "Virtual memory size in bytes."};
inline constexpr Declaration kProcessOpenFds{"process_open_fds", Type::kGauge, "",
                                             "Number of open file descriptors."};
inline constexpr Declaration kProcessMaxFds{"process_max_fds", Type::kGauge, "",
                                            "Maximum number of open file descriptors."};
inline constexpr Declaration kProcessThreads{"process_threads", Type::kGauge, "",
                                             "Number of OS threads in the process."};

inline constexpr std::array kProcessMetrics{kProcessCpuSecondsTotal,
                                            kProcessStartTimeSeconds,
                                            kProcessResidentMemoryBytes,
                                            kProcessVirtualMemoryBytes,
                                            kProcessOpenFds,
                                            kProcessMaxFds,
                                            kProcessThreads};

}  // namespace pgsidecar::metrics
