#pragma once

#include <string>
#include <vector>

#include "config/load.h"

namespace pgsidecar::config {

/// What is right for each key alone but not together, one error each as in Loaded::errors.
std::vector<std::string> CheckTogether(const Loaded& loaded);

/// `SOURCE: KEY: PROBLEM`, with the source of that key.
std::string KeyError(const Loaded& loaded, std::string_view key, const Error& problem);

}  // namespace pgsidecar::config
