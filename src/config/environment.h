#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/yaml.h"

namespace pgsidecar::config {

using Environment = std::vector<std::pair<std::string, std::string>>;

/// The variable that names the configuration file, as --config does.
constexpr std::string_view kConfigFileVariable = "PGSIDECAR_CONFIG";

/// The variables of this process.
Environment ProcessEnvironment();

/// The settings among the variables: those that begin with PGSIDECAR_. Others of that prefix are
/// errors, except what Kubernetes and Docker set for a service named pgsidecar.
Settings ReadEnvironment(Environment variables);

}  // namespace pgsidecar::config
