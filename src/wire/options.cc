#include "wire/options.h"

#include <algorithm>

namespace pgsidecar::wire {

std::string UpstreamHost::ToString() const { return net::Endpoint{host, port}.ToString(); }

bool Upstream::any_unix() const {
  return std::any_of(hosts.begin(), hosts.end(), [](const auto& each) { return each.is_unix(); });
}

std::string Upstream::ToString() const {
  std::string text;
  for (const UpstreamHost& each : hosts) text += (text.empty() ? "" : ",") + each.ToString();
  return text;
}

}  // namespace pgsidecar::wire
