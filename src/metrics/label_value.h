#pragma once

#include <string>
#include <string_view>

namespace pgsidecar::metrics {

/// `value` made fit for `label`: valid UTF-8 without control characters, cut at a character
/// boundary to 200 bytes (`query`), 80 (`summary`, `operation`) or 128 (all others).
std::string LabelValue(std::string_view label, std::string_view value);

}  // namespace pgsidecar::metrics
