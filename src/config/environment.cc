#include "config/environment.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "config/keys.h"
#include "config/suggest.h"

namespace pgsidecar::config {
namespace {

constexpr std::string_view kPrefix = "PGSIDECAR_";

/// `PGSIDECAR_SERVICE_HOST`, `PGSIDECAR_PORT_6432_TCP_ADDR`: nobody wrote them, and a service
/// called pgsidecar-metrics has the same with a longer name.
bool IsServiceLink(std::string_view name, std::string_view value) {
  if (name.ends_with("_SERVICE_HOST") || name.find("_SERVICE_PORT") != std::string_view::npos) {
    return true;
  }
  if (value.starts_with("tcp://") || value.starts_with("udp://")) return true;
  constexpr std::string_view kPort = "_PORT_";
  const std::size_t port = name.find(kPort);
  return port != std::string_view::npos && port + kPort.size() < name.size() &&
         std::isdigit(static_cast<unsigned char>(name[port + kPort.size()])) != 0;
}

const Key* KeyOfVariable(std::string_view variable) {
  const auto found = std::find_if(Keys().begin(), Keys().end(), [&](const Key& key) {
    return EnvironmentName(key.name) == variable;
  });
  return found == Keys().end() ? nullptr : &*found;
}

std::string VariableSuggestion(std::string_view variable) {
  std::vector<std::string> names;
  for (const Key& key : Keys()) names.push_back(EnvironmentName(key.name));
  return Suggest(variable, names);
}

}  // namespace

Environment ProcessEnvironment() {
  Environment variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

Settings ReadEnvironment(Environment variables) {
  Settings out;
  std::sort(variables.begin(), variables.end());
  for (const auto& [name, value] : variables) {
    if (!name.starts_with(kPrefix) || name == kConfigFileVariable) continue;
    const std::string source = "environment variable " + PrintableText(name, 200);
    if (const Key* key = KeyOfVariable(name)) {
      out.settings.push_back({std::string(key->name), value, source});
    } else if (!IsServiceLink(name, value)) {
      out.errors.push_back(source + ": unknown key" + VariableSuggestion(name) +
                           "; allowed: PGSIDECAR_ and a key of `pgsidecar describe configuration`");
    }
  }
  return out;
}

}  // namespace pgsidecar::config
