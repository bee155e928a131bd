#pragma once

#include <functional>

#include "config/load.h"

namespace pgsidecar::app {

/// Serves until SIGTERM or SIGINT and the end of the drain; returns the exit code. Call it before
/// the process has other threads. `loaded` has no errors; `load` reads it again for a reload.
int Run(const config::Loaded& loaded, std::function<config::Loaded()> load);

}  // namespace pgsidecar::app
