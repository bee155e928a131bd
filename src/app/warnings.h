#pragma once

#include <optional>
#include <string>

#include "wire/options.h"

namespace pgsidecar::app {

/// What to say to an operator whose clients and upstream both use TLS, if that is so: their SCRAM
/// channel binding then names another certificate than PostgreSQL's.
std::optional<std::string> ChannelBindingWarning(const wire::WireOptions& options);

}  // namespace pgsidecar::app
