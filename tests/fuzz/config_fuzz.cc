// Any bytes as a configuration file and as the URI of PostgreSQL: settings or errors, never both
// wrong and silent, and never a password in what is shown.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/keys.h"
#include "config/mask.h"
#include "config/upstream.h"
#include "config/yaml.h"
#include "fuzz/require.h"

namespace {

using namespace pgsidecar::config;
using pgsidecar::fuzz::Require;

void FuzzFile(std::string_view text) {
  const Settings read = ReadYamlText(text, "f.yaml");
  for (const std::string& error : read.errors) {
    Require(!error.empty() && error.find('\n') == std::string::npos);
  }
  Config config;
  for (const Setting& setting : read.settings) {
    const Key* key = FindKey(setting.key);
    Require(key != nullptr);
    const std::string before = key->field.get(config);
    const auto set = key->field.set(config, setting.value);
    const std::string after = key->field.get(config);
    Require(set.ok() || after == before);
    Require(after.find('\n') == std::string::npos);
  }
}

/// Masked text, or error, of a URI.
std::string Said(const std::string& uri) {
  const auto parsed = ParseUpstream(uri);
  if (!parsed.ok()) return parsed.error().message;
  const auto& upstream = parsed.value().upstream;
  Require(!upstream.hosts.empty() && upstream.hosts.size() <= 16);
  for (const auto& each : upstream.hosts) Require(each.port != 0 && !each.host.empty());
  Require(upstream.connect_timeout.count() > 0);
  Require(upstream.sslcert.empty() == upstream.sslkey.empty());
  Require(parsed.value().shown == MaskSecrets(uri));
  return parsed.value().shown;
}

void FuzzUpstream(std::string_view text) {
  const std::string any(text);
  const std::string secret = "zQ9xW7kV";
  Said(any);
  if (any.find(secret) != std::string::npos) return;
  for (const std::string& uri :
       {"postgresql://u:" + secret + "@" + any, "postgresql://" + any + ":" + secret + "@db",
        "postgresql://db/" + any + "?password=" + secret,
        "postgresql://" + any + (any.find('?') == std::string::npos ? "?" : "&") +
            "password=" + secret}) {
    Require(Said(uri).find(secret) == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  FuzzFile(text);
  FuzzUpstream(text);
  return 0;
}
