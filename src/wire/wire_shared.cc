#include "wire/wire_shared.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "wire/wire_metrics.h"

namespace pgsidecar::wire {
namespace {

std::int64_t NotAfter(const TlsContextPtr& context) {
  return context == nullptr ? 0 : context->not_after();
}

}  // namespace

void CertificateGauge::Set(std::int64_t not_after) {
  const std::lock_guard lock(mutex_);
  if (not_after == 0) {
    if (gauge_ != nullptr) registry_.Remove(*gauge_);
    gauge_ = nullptr;
    return;
  }
  if (gauge_ == nullptr) gauge_ = &registry_.AddGauge(kTlsCertificateNotAfter, {leg_});
  gauge_->Set(static_cast<double>(not_after));
}

WireSettingsPtr WireShared::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void WireShared::SetSettings(WireSettingsPtr settings) {
  instruments.connections_max.Set(settings->options.max_clients);
  client_certificate_.Set(NotAfter(settings->client_tls));
  upstream_certificate_.Set(NotAfter(settings->upstream_tls));
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
}

void WireShared::NoteServer(const UpstreamServer& server) {
  const void* last = last_server_.exchange(&server);
  if (last == nullptr || last == &server) return;
  instruments.failovers.Increment();
  spdlog::warn("new sessions go to PostgreSQL at {} now", server.name());
}

void WireShared::NoteUpstreamCertificate(std::int64_t not_after) {
  if (not_after == 0) return;
  const std::int64_t own = NotAfter(settings()->upstream_tls);
  upstream_certificate_.Set(own == 0 ? not_after : std::min(own, not_after));
}

void WireShared::CountPlusStripped() {
  instruments.plus_stripped.Increment();
  if (plus_told_.exchange(true)) return;
  spdlog::info(
      "SCRAM-SHA-256-PLUS is removed from PostgreSQL's offer to clients without TLS: they log in "
      "with SCRAM-SHA-256");
}

void WireShared::LogClientTls(const net::SocketAddress& peer, const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    if (!client_tls_lines_.TryTake(context.clock.Now())) return;
  }
  spdlog::info("TLS with the client {} failed: {}", peer.ToString(), text);
}

void WireShared::HintAtBinding() {
  if (binding_told_.exchange(true)) return;
  spdlog::warn(
      "PostgreSQL refused a login (28000) of a client that saw the certificate of pgsidecar: SCRAM "
      "channel binding cannot pass two TLS legs. Set channel_binding=disable in the client, or "
      "give both legs the same certificate");
}

}  // namespace pgsidecar::wire
