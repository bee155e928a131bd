#pragma once

#include <string>

namespace pgsidecar::config {

/// docs/configuration.md: every key in a table, and an example file with all defaults.
std::string DescribeConfiguration();

}  // namespace pgsidecar::config
