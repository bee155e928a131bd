#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/environment.h"

namespace pgsidecar::config {

/// One use of a flag that sets a key.
struct Flag {
  std::string name;  ///< `--listen`.
  std::string key;   ///< `wire.listen`; from `--set` it may not exist.
  std::vector<std::string> values;
};

/// Where a configuration comes from. Later sources win: defaults, file, environment, flags.
struct Inputs {
  std::optional<std::string> file;
  Environment environment;
  std::vector<Flag> flags;
};

struct Loaded {
  Config config;
  /// Who set a key; keys at their default are not in it.
  std::map<std::string, std::string, std::less<>> sources;
  /// One line each, naming source, key, value and what is allowed. If there are any, `config` is
  /// not to be used.
  std::vector<std::string> errors;

  /// `default`, or who set the key.
  std::string SourceOf(std::string_view key) const;
};

/// Reads all sources. Every value is checked, also one that a later source replaces.
Loaded Load(const Inputs& inputs);

}  // namespace pgsidecar::config
