#include "wire/wire_settings.h"

namespace pgsidecar::wire {

Result<TlsContextPtr> MakeClientTls(const ClientTls& options) {
  if (options.mode == ClientTlsMode::kOff) return TlsContextPtr();
  return net::TlsContext::ForServer({.cert_file = options.cert_file,
                                     .key_file = options.key_file,
                                     .client_ca_file = options.client_ca_file});
}

Result<TlsContextPtr> MakeUpstreamTls(const Upstream& options) {
  if (options.sslmode == SslMode::kDisable) return TlsContextPtr();
  net::TlsVerify verify = net::TlsVerify::kNone;
  // As in libpq, a root certificate is there to be used, whatever the mode.
  if (!options.sslrootcert.empty()) verify = net::TlsVerify::kCa;
  if (options.sslmode == SslMode::kVerifyCa) verify = net::TlsVerify::kCa;
  if (options.sslmode == SslMode::kVerifyFull) verify = net::TlsVerify::kFull;
  return net::TlsContext::ForClient({.verify = verify,
                                     .root_file = options.sslrootcert,
                                     .cert_file = options.sslcert,
                                     .key_file = options.sslkey});
}

Result<WireSettingsPtr> WireSettings::Make(const WireOptions& options, ServerDirectory& directory) {
  Result<TlsContextPtr> client = MakeClientTls(options.tls);
  if (!client.ok()) return Error{"wire.tls: " + client.error().message};
  Result<TlsContextPtr> upstream = MakeUpstreamTls(options.upstream);
  if (!upstream.ok()) return Error{"upstream: " + upstream.error().message};
  auto settings = std::make_shared<WireSettings>(options, directory);
  settings->client_tls = std::move(client).value();
  settings->upstream_tls = std::move(upstream).value();
  return WireSettingsPtr(std::move(settings));
}

}  // namespace pgsidecar::wire
