#include "wire/instruments.h"

#include <algorithm>

#include "wire/wire_metrics.h"

namespace pgsidecar::wire {
namespace {

/// One counter for each of `names`, which are the values of the last label.
template <std::size_t N>
Counters<N> AddCounters(metrics::Registry& registry, const Declaration& declaration,
                        const std::array<std::string_view, N>& names) {
  Counters<N> counters{};
  for (std::size_t i = 0; i < N; ++i) {
    counters[i] = &registry.AddCounter(declaration, {names[i]});
  }
  return counters;
}

}  // namespace

std::size_t NoticeLevelOf(std::string_view severity) {
  if (severity == "WARNING") return 0;
  if (severity == "NOTICE") return 1;
  if (severity == "INFO") return 2;
  if (severity == "LOG") return 3;
  if (severity.starts_with("DEBUG")) return 4;
  return 5;
}

WireInstruments::WireInstruments(metrics::Registry& registry)
    : connections_max(registry.AddGauge(kClientConnectionsMax)),
      handshakes(registry.AddGauge(kClientHandshakesInProgress)),
      accepted(registry.AddCounter(kClientConnectionsAcceptedTotal)),
      rejected(AddCounters(registry, kClientConnectionsRejectedTotal, kRejectReasonNames)),
      closed(AddCounters(registry, kClientSessionsClosedTotal, kCloseReasonNames)),
      session_normal(registry.AddHistogram(kClientSessionDurationSeconds, {"normal"})),
      session_replication(registry.AddHistogram(kClientSessionDurationSeconds, {"replication"})),
      session_pass_through(registry.AddHistogram(kClientSessionDurationSeconds, {"pass_through"})),
      login_failures(registry, kClientLoginFailuresTotal, ""),
      idle_errors(registry, kClientIdleErrorsTotal, ""),
      received{&registry.AddCounter(kClientReceivedBytesTotal),
               &registry.AddCounter(kUpstreamReceivedBytesTotal)},
      sent{&registry.AddCounter(kClientSentBytesTotal),
           &registry.AddCounter(kUpstreamSentBytesTotal)},
      replication_sent(registry.AddCounter(kReplicationSentBytesTotal)),
      failovers(registry.AddCounter(kUpstreamFailoversTotal)),
      plus_stripped(registry.AddCounter(kScramPlusStrippedTotal)),
      binding_failures(registry.AddCounter(kScramBindingFailuresTotal)),
      portal_overflows(registry.AddCounter(kPortalOverflowsTotal)),
      buffered(registry.AddGauge(kRelayBufferedBytes)),
      overhead(registry.AddHistogram(kWireOverheadSeconds)),
      prepared_statements(registry.AddGauge(kPreparedStatements)),
      replication_sessions(registry.AddCounter(kReplicationSessionsTotal)),
      cancel_requests(registry.AddCounter(kCancelRequestsTotal)),
      notifications(registry.AddCounter(kNotificationsTotal)),
      cancel_failures(AddCounters(registry, kCancelRequestFailuresTotal, kCancelFailureNames)),
      opaque_sessions(AddCounters(registry, kOpaqueSessionsTotal, pgwire::kOpaqueReasonNames)),
      notices(AddCounters(registry, kNoticesTotal, kNoticeLevelNames)),
      protocol_errors(AddCounters(registry, kProtocolErrorsTotal, kSideNames)),
      pass_duration(registry.AddHistogram(kLoopPassDurationSeconds)) {}

void LocalHistogram::Flush() {
  if (!used_) return;
  target_.ObserveMany(counts_, sum_);
  std::fill(counts_.begin(), counts_.end(), 0.0);
  sum_ = 0;
  used_ = false;
}

void LoopCounters::Publish(WireInstruments& instruments) {
  const auto flush = [](std::uint64_t& count, metrics::Counter& counter) {
    if (count > 0) counter.Increment(static_cast<double>(count));
    count = 0;
  };
  for (std::size_t side = 0; side < received.size(); ++side) {
    flush(received[side], *instruments.received[side]);
    flush(sent[side], *instruments.sent[side]);
  }
  flush(replication_sent, instruments.replication_sent);
  flush(notifications, instruments.notifications);
  shares_[0].Publish(instruments.handshakes, static_cast<double>(handshakes));
  shares_[1].Publish(instruments.buffered, static_cast<double>(buffered));
  shares_[2].Publish(instruments.prepared_statements, static_cast<double>(prepared));
}

}  // namespace pgsidecar::wire
