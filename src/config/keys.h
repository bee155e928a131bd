#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/field.h"

namespace pgsidecar::config {

constexpr bool kReloads = true;

/// One configuration key. Its default is what a default-constructed Config holds.
struct Key {
  std::string_view name;         ///< `wire.max_clients`; dots are levels of YAML.
  std::string_view description;  ///< One sentence.
  Field field;
  /// Whether a reload applies a new value (kReloads); else it takes a restart. A key that holds a
  /// secret must reload.
  bool reloads = false;
};

/// All keys, grouped by their first part, in the order of the documentation.
const std::vector<Key>& Keys();

/// The key with that name, or null.
const Key* FindKey(std::string_view name);

/// `PGSIDECAR_WIRE_MAX_CLIENTS` for `wire.max_clients`.
std::string EnvironmentName(std::string_view key);

/// ` (did you mean KEY?)` for a misspelt key, or nothing when none is near.
std::string Suggestion(std::string_view unknown);

}  // namespace pgsidecar::config
