#include "config/reload.h"

#include <utility>

#include "config/checks.h"
#include "config/keys.h"
#include "config/yaml.h"

namespace pgsidecar::config {

Merged MergeRunning(Loaded next, const Config& running) {
  Merged merged{std::move(next), {}};
  Loaded& loaded = merged.loaded;
  for (const Key& key : Keys()) {
    const std::string now = key.field.get(running);
    if (key.reloads || key.field.get(loaded.config) == now) continue;
    merged.restart_needed.emplace_back(key.name);
    // `get` writes what `set` reads back, so neither can fail.
    const auto value = key.field.takes_tree ? Result<Value>(Value(now)) : ParseYamlValue(now);
    if (value.ok()) static_cast<void>(key.field.set(loaded.config, value.value()));
    loaded.sources[std::string(key.name)] = "until the restart";
  }
  if (!merged.restart_needed.empty()) loaded.errors = CheckTogether(loaded);
  return merged;
}

}  // namespace pgsidecar::config
