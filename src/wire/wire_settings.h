#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/tls_context.h"
#include "wire/options.h"
#include "wire/upstream_servers.h"

namespace pgsidecar::wire {

using TlsContextPtr = std::shared_ptr<const net::TlsContext>;

/// One configuration of the wire front with the certificates that belong to it. A reload replaces
/// it as a whole; connections keep the one that they began with. Constant.
struct WireSettings {
  /// Reads certificates and keys. The error begins with the key of the configuration it is about.
  static Result<std::shared_ptr<const WireSettings>> Make(const WireOptions& options,
                                                          ServerDirectory& directory);

  WireSettings(const WireOptions& wire_options, ServerDirectory& directory)
      : options(wire_options), servers(options.upstream, directory) {}

  const WireOptions options;
  const UpstreamServers servers;
  TlsContextPtr client_tls;    ///< None: clients cannot encrypt.
  TlsContextPtr upstream_tls;  ///< None: sslmode=disable.
};

/// Shared by the loop and the connections that began under it.
using WireSettingsPtr = std::shared_ptr<const WireSettings>;

/// The TLS of each leg as `options` ask for it; none where they do not.
Result<TlsContextPtr> MakeClientTls(const ClientTls& options);
Result<TlsContextPtr> MakeUpstreamTls(const Upstream& options);

}  // namespace pgsidecar::wire
