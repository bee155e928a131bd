#pragma once

#include <string_view>

#include "metrics/command.h"

namespace pgsidecar::wire {

/// The command of a statement whose text was never seen, by the tag of its CommandComplete
/// (PostgreSQL manual, "Message Formats"). An empty tag is kUnknown.
metrics::Command CommandOfTag(std::string_view tag);

}  // namespace pgsidecar::wire
