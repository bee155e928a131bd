#pragma once

#include <string>

#include "config/load.h"

namespace pgsidecar::config {

/// The effective configuration as YAML that Load reads back, each line with its source as a
/// comment. The password of the upstream URI is masked.
std::string PrintConfig(const Loaded& loaded);

/// 16 hexadecimal digits that differ when an effective value (passwords aside) differs.
std::string HashConfig(const Config& config);

}  // namespace pgsidecar::config
