#include "config/load.h"

#include <utility>

#include "base/text.h"
#include "config/checks.h"
#include "config/keys.h"

namespace pgsidecar::config {
namespace {

Settings ReadFlags(const std::vector<Flag>& flags) {
  Settings out;
  for (const Flag& flag : flags) {
    const std::string source = "flag " + flag.name;
    if (FindKey(flag.key) == nullptr) {
      out.errors.push_back(source + ": " + PrintableText(flag.key, 200) + ": unknown key" +
                           Suggestion(flag.key) +
                           "; allowed: the keys of `pgsidecar describe configuration`");
      continue;
    }
    Value value = flag.values.size() == 1 ? Value(flag.values.front()) : Value(flag.values);
    out.settings.push_back({flag.key, std::move(value), source});
  }
  return out;
}

/// Applies one source to `loaded`.
void Apply(Settings source, Loaded& loaded) {
  std::map<std::string, std::string, std::less<>> seen;
  for (std::string& error : source.errors) loaded.errors.push_back(std::move(error));
  for (const Setting& setting : source.settings) {
    const auto [first, is_new] = seen.emplace(setting.key, setting.source);
    if (!is_new) {
      loaded.errors.push_back(setting.source + ": " + setting.key + ": is set twice, before at " +
                              first->second + "; allowed: once");
      continue;
    }
    const Status set = FindKey(setting.key)->field.set(loaded.config, setting.value);
    if (!set.ok()) {
      loaded.errors.push_back(setting.source + ": " + setting.key + ": " + set.error().message);
      continue;
    }
    loaded.sources[setting.key] = setting.source;
  }
}

}  // namespace

std::string Loaded::SourceOf(std::string_view key) const {
  const auto found = sources.find(key);
  return found == sources.end() ? "default" : found->second;
}

Loaded Load(const Inputs& inputs) {
  Loaded loaded;
  if (inputs.file) Apply(ReadYamlFile(*inputs.file), loaded);
  Apply(ReadEnvironment(inputs.environment), loaded);
  Apply(ReadFlags(inputs.flags), loaded);
  if (loaded.errors.empty()) loaded.errors = CheckTogether(loaded);
  return loaded;
}

}  // namespace pgsidecar::config
