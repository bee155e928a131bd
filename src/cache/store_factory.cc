#include "cache/store_factory.h"

#include <array>
#include <string>
#include <string_view>

#include "cache/redis_store.h"
#include "cache/redis_url.h"

namespace pgsidecar::cache {
namespace {

struct Row {
  std::string_view scheme;
  Result<std::unique_ptr<RemoteStore>> (*make)(const StoreContext& context);
};

/// A store is one row here and files of its own.
constexpr std::array<Row, 3> kRows = {
    {{"redis", &MakeRedisStore}, {"rediss", &MakeRedisStore}, {"unix", &MakeRedisStore}}};

}  // namespace

Result<std::unique_ptr<RemoteStore>> MakeRemoteStore(const StoreContext& context) {
  const std::string_view url = context.options.redis.url;
  if (url.empty()) return std::unique_ptr<RemoteStore>();
  const std::string_view scheme = url.substr(0, url.find("://"));
  for (const Row& row : kRows) {
    if (row.scheme == scheme) return row.make(context);
  }
  return Error{"'" + MaskRedisUrl(url) +
               "' names no store; allowed: " + std::string(kRedisUrlAllowed)};
}

}  // namespace pgsidecar::cache
