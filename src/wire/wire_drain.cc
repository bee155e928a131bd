// WireLoop: the way to the end (docs/operations.md).
#include "wire/acceptor.h"
#include "wire/wire_loop.h"

namespace pgsidecar::wire {
namespace {

/// How long a cancelled statement may take to end before its session is closed anyway.
constexpr std::chrono::seconds kClosingFor{5};

}  // namespace

void WireLoop::Drain() {
  events_.Post([this] {
    if (drain_ != DrainPhase::kServing) return StartClosing();
    drain_ = DrainPhase::kAccepting;
    refuse_timer_.Start(settings_->options.drain_accept_for);
    close_timer_.Start(settings_->options.drain_timeout);
  });
}

void WireLoop::StartRefusing() {
  if (drain_ == DrainPhase::kAccepting) drain_ = DrainPhase::kRefusing;
  StopIfDrained();
}

void WireLoop::StartClosing() {
  if (drain_ == DrainPhase::kClosing) return events_.Stop();
  drain_ = DrainPhase::kClosing;
  close_timer_.Start(kClosingFor);
  const std::vector<Session*> open = sessions_;  // A session that ends leaves the list.
  for (Session* session : open) session->Terminate();
  StopIfDrained();
}

void WireLoop::StopIfDrained() {
  if (drain_ >= DrainPhase::kRefusing && shared_.sessions == 0 && lingering_ == 0) events_.Stop();
}

void WireLoop::EndEverything() {
  probes_.clear();
  tick_.Stop();
  if (acceptor_ != nullptr) acceptor_->Stop();
  const std::vector<Session*> open = sessions_;
  for (Session* session : open) session->Abort(CloseReason::kDrain);
  retired_.clear();
  connections_.clear();
  LookAtSessions(events_.Now());
  PublishCounters();
  ledger_.index.Shutdown();
}

}  // namespace pgsidecar::wire
