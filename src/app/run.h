#pragma once

#include "config/load.h"

namespace pgsidecar::app {

/// Serves until SIGTERM or SIGINT and the end of the drain; returns the exit code. Call it before
/// the process has other threads. `loaded` has no errors.
int Run(const config::Loaded& loaded);

}  // namespace pgsidecar::app
