#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::config {

/// Writes a list of maps as one line of YAML in flow style. Every text is quoted, so that any of
/// them can be read back: yaml-cpp stumbles over a plain `?` at the end of one.
class FlowWriter {
 public:
  void BeginMap(std::string_view name);  ///< An element of the list without a name.
  void EndMap();

  /// What is empty, false or negative is left out.
  void Add(std::string_view name, const std::string& text);
  void Add(std::string_view name, const std::vector<std::string>& texts);
  void Add(std::string_view name, std::chrono::nanoseconds duration);
  void Add(std::string_view name, bool value);
  void AddAlways(std::string_view name, const std::string& text);

  std::string Take();

 private:
  void Separate();
  void Name(std::string_view name);
  void Quote(std::string_view text);

  std::string out_ = "[";
};

}  // namespace pgsidecar::config
