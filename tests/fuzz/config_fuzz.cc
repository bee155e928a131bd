// Any bytes as a configuration file: settings or errors, never both wrong and silent.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/keys.h"
#include "config/upstream.h"
#include "config/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsidecar::config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Settings read = ReadYamlText(text, "f.yaml");
  for (const std::string& error : read.errors) {
    if (error.empty() || error.find('\n') != std::string::npos) std::abort();
  }
  Config config;
  for (const Setting& setting : read.settings) {
    const Key* key = FindKey(setting.key);
    if (key == nullptr) std::abort();
    const std::string before = key->field.get(config);
    const auto set = key->field.set(config, setting.value);
    const std::string after = key->field.get(config);
    if (!set.ok() && after != before) std::abort();
    if (after.find('\n') != std::string::npos) std::abort();
  }
  const auto upstream = ParseUpstream(text);
  if (upstream.ok() && upstream.value().upstream.hosts[0].port == 0) std::abort();
  return 0;
}
