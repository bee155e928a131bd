#include "cache/redis_server.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace pgsidecar::cache {
namespace {

constexpr std::size_t kRunIdDigits = 40;
constexpr std::size_t kVersionBytes = 32;

/// The value of `name:value` in lines that end in CR LF; empty if there is none.
std::string_view Field(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
      return line.substr(name.size() + 1);
    }
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return {};
}

bool IsRunId(std::string_view text) {
  return text.size() == kRunIdDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<RedisServer> ParseServerInfo(std::string_view text) {
  RedisServer server;
  const std::string_view run_id = Field(text, "run_id");
  if (!IsRunId(run_id)) return Error{"INFO has no run_id"};
  server.run_id = run_id;
  // Valkey says which Redis it is compatible with in redis_version, and its own beside it.
  const std::string_view valkey = Field(text, "valkey_version");
  const std::string_view version = valkey.empty() ? Field(text, "redis_version") : valkey;
  const auto [end, failure] =
      std::from_chars(version.data(), version.data() + version.size(), server.major);
  if (failure != std::errc() || end == version.data()) return Error{"INFO has no redis_version"};
  server.software = (valkey.empty() ? "Redis " : "Valkey ") + PrintableText(version, kVersionBytes);
  server.cluster = Field(text, "redis_mode") == "cluster";
  return server;
}

}  // namespace pgsidecar::cache
