#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "metrics/token_bucket.h"
#include "net/resolver.h"
#include "wire/cancel_directory.h"
#include "wire/instruments.h"
#include "wire/options.h"
#include "wire/upstream_servers.h"
#include "wire/wire_front.h"
#include "wire/wire_settings.h"

namespace pgsidecar::wire {

/// The gauge of when the certificate of one leg expires; there is none while no certificate is in
/// use. Thread-safe.
class CertificateGauge {
 public:
  CertificateGauge(metrics::Registry& registry, std::string_view leg)
      : registry_(registry), leg_(leg) {}
  /// `not_after`: Unix seconds, 0 for no certificate.
  void Set(std::int64_t not_after);

 private:
  metrics::Registry& registry_;
  const std::string_view leg_;
  std::mutex mutex_;
  metrics::Gauge* gauge_ = nullptr;  // Guarded by mutex_.
};

struct WireShared {
  explicit WireShared(const WireContext& wire_context)
      : context(wire_context),
        instruments(context.registry),
        servers(context.registry),
        resolver(std::make_unique<net::Resolver>()),
        client_certificate_(context.registry, "client"),
        upstream_certificate_(context.registry, "upstream"),
        client_tls_lines_(1, 10, wire_context.clock.Now()) {}

  const WireContext context;
  WireInstruments instruments;
  ServerDirectory servers;
  CancelDirectory cancels;
  std::unique_ptr<net::Resolver> resolver;  ///< Reset before the loops it answers to.
  std::atomic<std::uint32_t> sessions{0};
  std::atomic<std::uint32_t> preludes{0};
  std::atomic<std::uint32_t> client_cancels{0};
  std::atomic<std::uint64_t> last_session_id{0};
  std::atomic<std::int64_t> observe_memory_bytes{0};  ///< Of all loops, as of their last ticks.
  std::atomic<bool> draining{false};
  std::atomic<bool> upstream_reached{false};  ///< Once, latched.

  /// The settings for new connections.
  WireSettingsPtr settings() const;
  void SetSettings(WireSettingsPtr settings);

  /// A new session stays on `server`. Another one than the last session's is a failover.
  void NoteServer(const UpstreamServer& server);
  /// The certificate that PostgreSQL showed expires then (Unix seconds).
  void NoteUpstreamCertificate(std::int64_t not_after);
  void CountPlusStripped();
  /// Tells why a client could not encrypt; at most ten lines at once and one a second.
  void LogClientTls(const net::SocketAddress& peer, const std::string& text);
  /// Tells once why clients that bind to our certificate are refused.
  void HintAtBinding();

 private:
  CertificateGauge client_certificate_;
  CertificateGauge upstream_certificate_;
  mutable std::mutex mutex_;
  WireSettingsPtr settings_;               // Guarded by mutex_.
  metrics::TokenBucket client_tls_lines_;  // Guarded by mutex_.
  std::atomic<const void*> last_server_{nullptr};
  std::atomic<bool> plus_told_{false};
  std::atomic<bool> binding_told_{false};
};

}  // namespace pgsidecar::wire
