#include "app/warnings.h"

#include <algorithm>

namespace pgsidecar::app {

std::optional<std::string> ChannelBindingWarning(const wire::WireOptions& options) {
  const wire::Upstream& upstream = options.upstream;
  const bool all_unix = std::all_of(upstream.hosts.begin(), upstream.hosts.end(),
                                    [](const auto& each) { return each.is_unix(); });
  if (options.tls.mode == wire::ClientTlsMode::kOff ||
      upstream.sslmode == wire::SslMode::kDisable || all_unix) {
    return std::nullopt;
  }
  return "TLS on both legs (wire.tls.mode and the sslmode of upstream): clients must use "
         "channel_binding=disable, unless wire.tls.cert_file is the certificate of PostgreSQL too";
}

}  // namespace pgsidecar::app
