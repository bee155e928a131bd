#pragma once

#include <string>
#include <string_view>

namespace pgsidecar::config {

constexpr std::string_view kMask = "***";

/// `uri` with everything that can be a password replaced by `***`, however malformed it is.
std::string MaskSecrets(std::string_view uri);

}  // namespace pgsidecar::config
