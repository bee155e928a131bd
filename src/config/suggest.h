#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::config {

/// ` (did you mean NAME?)` with the one of `known` that `unknown` is most likely a misspelling of:
/// few edits away, or the same behind the last dot. Nothing if none is near.
std::string Suggest(std::string_view unknown, const std::vector<std::string>& known);

}  // namespace pgsidecar::config
