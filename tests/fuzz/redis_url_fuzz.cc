// Redis URLs: what is accepted is in range, and no error or masked form shows what it was told as a
// password.
#include <string>

#include "cache/redis_url.h"
#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsidecar::cache;  // NOLINT
  const std::string_view text = pgsidecar::fuzz::Text(data, size);
  const auto require = pgsidecar::fuzz::Require;
  const auto url = ParseRedisUrl(text);
  if (url.ok()) {
    require(url.value().is_unix() == url.value().host.empty());
    require(url.value().port != 0 && url.value().database >= 0);
    require(url.value().password.find('\0') == std::string::npos);
    require(url.value().user.empty() || !url.value().password.empty());
  } else {
    require(url.error().message.find("allowed: ") != std::string::npos);
  }
  const std::string masked = MaskRedisUrl(text);
  const bool has_login = text.find('@') != std::string_view::npos;
  require(!has_login || masked.find("***") != std::string::npos);
  // A password between the scheme and the last '@' is gone, whatever stands around it.
  const std::string planted = "redis://" + std::string(text) + ":h7nter2pw@c";
  require(MaskRedisUrl(planted).find("h7nter2pw") == std::string::npos);
  return 0;
}
