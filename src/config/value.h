#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "config/tree.h"

namespace pgsidecar::config {

/// One element of a list of maps, in written order.
using Entry = std::vector<std::pair<std::string, std::string>>;

/// What a source says for a key, not yet understood. Environment and flags only have text; a Tree
/// is only for fields that ask for one.
using Value = std::variant<std::string, std::vector<std::string>, std::vector<Entry>, Tree>;

/// A value and who said it: `pgsidecar.yaml:3`, `environment variable PGSIDECAR_LOG_LEVEL`,
/// `flag --listen`.
struct Setting {
  std::string key;
  Value value;
  std::string source;
};

/// The error `'TEXT' PROBLEM; allowed: ALLOWED`, on one line whatever the text is.
Error Refuse(std::string_view text, std::string_view problem, std::string_view allowed);

}  // namespace pgsidecar::config
