#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "metrics/registry.h"
#include "metrics/sqlstate_counters.h"
#include "net/connector.h"
#include "pgwire/conversation.h"

namespace pgsidecar::wire {

/// The label `reason` of refused connections.
enum class RejectReason : std::uint8_t {
  kLimit,
  kUpstreamDown,
  kHandshakeTimeout,
  kBadStartup,
  kFileDescriptors,
  kDraining,
  kTlsRequired,  ///< A plaintext StartupMessage where TLS is required.
  kTlsFailed,    ///< The TLS handshake of a client.
};
constexpr std::array<std::string_view, 8> kRejectReasonNames = {
    "limit",    "upstream_down", "handshake_timeout", "bad_startup", "file_descriptors",
    "draining", "tls_required",  "tls_failed"};

/// The label `reason` of ended sessions. kRejected is none of them: such a session was refused and
/// counted as that.
enum class CloseReason : std::uint8_t {
  kClient,
  kServer,
  kClientLost,  ///< While a statement ran.
  kServerLost,  ///< While a reply was owed.
  kLoginFailed,
  kProtocolError,
  kWriteStall,
  kDrain,
  kRejected,
};
constexpr std::array<std::string_view, 8> kCloseReasonNames = {
    "client",       "server",         "client_lost", "server_lost",
    "login_failed", "protocol_error", "write_stall", "drain"};

/// The label `reason` of cancel requests that did not arrive.
enum class CancelFailure : std::uint8_t { kLimit, kConnect, kTimeout };
constexpr std::array<std::string_view, 3> kCancelFailureNames = {"limit", "connect", "timeout"};

enum class Side : std::uint8_t { kClient, kUpstream };
constexpr std::array<std::string_view, 2> kSideNames = {"client", "upstream"};
constexpr Side Other(Side side) { return side == Side::kClient ? Side::kUpstream : Side::kClient; }

/// The label `level` of notices.
constexpr std::array<std::string_view, 6> kNoticeLevelNames = {"warning", "notice", "info",
                                                               "log",     "debug",  "other"};
/// Index into kNoticeLevelNames of a severity as PostgreSQL spells it (`WARNING`, `DEBUG1`).
std::size_t NoticeLevelOf(std::string_view severity);

/// One counter per value of a closed set.
template <std::size_t N>
using Counters = std::array<metrics::Counter*, N>;

/// Every instrument of the wire front that has no `datname`, resolved at start. Thread-safe.
struct WireInstruments {
  explicit WireInstruments(metrics::Registry& registry);

  void Reject(RejectReason reason) { rejected[static_cast<std::size_t>(reason)]->Increment(); }
  void ProtocolError(Side side) { protocol_errors[static_cast<std::size_t>(side)]->Increment(); }
  void CancelFailed(CancelFailure reason) {
    cancel_failures[static_cast<std::size_t>(reason)]->Increment();
  }
  void Opaque(pgwire::OpaqueReason reason) {
    opaque_sessions[static_cast<std::size_t>(reason)]->Increment();
  }

  metrics::Gauge& connections_max;
  metrics::Gauge& handshakes;
  metrics::Counter& accepted;
  Counters<8> rejected;
  Counters<8> closed;
  metrics::Histogram& session_normal;
  metrics::Histogram& session_replication;
  metrics::Histogram& session_pass_through;
  metrics::SqlstateCounters login_failures;
  metrics::SqlstateCounters idle_errors;
  std::array<metrics::Counter*, 2> received;  ///< By Side.
  std::array<metrics::Counter*, 2> sent;      ///< By Side.
  metrics::Counter& replication_sent;
  metrics::Counter& failovers;
  metrics::Counter& plus_stripped;
  metrics::Counter& binding_failures;
  metrics::Counter& portal_overflows;
  metrics::Gauge& buffered;
  metrics::Histogram& overhead;
  metrics::Gauge& prepared_statements;
  metrics::Counter& replication_sessions;
  metrics::Counter& cancel_requests;
  metrics::Counter& notifications;
  Counters<3> cancel_failures;
  Counters<7> opaque_sessions;
  Counters<6> notices;
  Counters<2> protocol_errors;
  metrics::Histogram& pass_duration;
};

/// A gauge that several loops add to: publishes the difference to what this loop said before.
class GaugeShare {
 public:
  void Publish(metrics::Gauge& gauge, double value) {
    if (value == published_) return;
    gauge.Increment(value - published_);
    published_ = value;
  }

 private:
  double published_ = 0;
};

/// A histogram filled on one thread without its mutex and handed over now and then.
class LocalHistogram {
 public:
  explicit LocalHistogram(metrics::Histogram& target)
      : target_(target), counts_(target.bounds().size() + 1) {}

  void Observe(double value) {
    counts_[target_.BucketOf(value)] += 1;
    sum_ += value;
    used_ = true;
  }
  void Flush();

 private:
  metrics::Histogram& target_;
  std::vector<double> counts_;
  double sum_ = 0;
  bool used_ = false;
};

/// What one loop counts for itself and publishes on its tick.
struct LoopCounters {
  std::array<std::uint64_t, 2> received{};  ///< By Side.
  std::array<std::uint64_t, 2> sent{};      ///< By Side.
  std::uint64_t replication_sent = 0;
  std::uint64_t notifications = 0;
  std::int64_t handshakes = 0;  // gauge
  std::int64_t buffered = 0;    // gauge
  std::int64_t prepared = 0;    // gauge

  /// Adds the counts to the instruments and starts again from zero; sets the gauges.
  void Publish(WireInstruments& instruments);

 private:
  std::array<GaugeShare, 3> shares_;
};

}  // namespace pgsidecar::wire
