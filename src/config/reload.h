#pragma once

#include <string>
#include <vector>

#include "config/load.h"

namespace pgsidecar::config {

/// What a new configuration comes to in a process that already runs.
struct Merged {
  /// The new values of the keys that reload, the running ones of all others. Its errors are those
  /// of keys that do not go together until the restart.
  Loaded loaded;
  /// Keys whose new value waits for a restart.
  std::vector<std::string> restart_needed;
};

/// Requires: `next` has no errors.
Merged MergeRunning(Loaded next, const Config& running);

}  // namespace pgsidecar::config
