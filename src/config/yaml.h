#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/value.h"

namespace pgsidecar::config {

constexpr std::size_t kFileBytesMax = 1 << 20;

/// What was read, and every error as a whole line that begins with file and line number.
struct Settings {
  std::vector<Setting> settings;
  std::vector<std::string> errors;
};

/// Reads a configuration file. An error of the file itself is the only one then.
Settings ReadYamlFile(const std::string& path);

/// The same for a text that came from `path`. Nested maps become dotted keys; keys that do not
/// exist are errors, values are not looked at yet.
Settings ReadYamlText(std::string_view text, const std::string& path);

/// One value in YAML, for flags and the environment.
Result<Value> ParseYamlValue(const std::string& text);

}  // namespace pgsidecar::config
