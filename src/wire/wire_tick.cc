// WireLoop: what happens four times a second, so that the hot path need not do it.
#include <algorithm>

#include "wire/wire_loop.h"

namespace pgsidecar::wire {
namespace {

constexpr std::chrono::milliseconds kTickInterval{250};
/// Statements running slow that the slow log is told about, per loop.
constexpr std::size_t kRunningShownMax = 256;

/// The earlier of two Unix times, 0 meaning none.
double Earlier(double a, double b) { return a == 0 ? b : std::min(a, b); }

}  // namespace

void WireLoop::Tick() {
  const Nanos now = events_.Now();
  tick_.Start(kTickInterval);
  ledger_.index.Poll();
  ledger_.unjudged.Judge();
  LookAtSessions(now);
  BoundMemory();
  PublishCounters();
  for (const auto& probe : probes_) probe->Tick(now);
  if (acceptor_ != nullptr) shared_.servers.Prune();
  StopIfDrained();
  last_tick_.store(now, std::memory_order_relaxed);
}

void WireLoop::Count(const CensusEntry& entry) {
  if (entry.books != nullptr) entry.books->Connect(entry.state);
  ledger_.counters.prepared += entry.prepared;
  memory_bytes_ += entry.memory_bytes;
}

void WireLoop::Uncount(CensusEntry& entry) {
  if (entry.books != nullptr) entry.books->Disconnect(entry.state);
  ledger_.counters.prepared -= entry.prepared;
  memory_bytes_ -= entry.memory_bytes;
  entry = {};
}

void WireLoop::LookAtSessions(Nanos now) {
  for (const auto& books : ledger_.databases) books->StartTick();
  std::vector<metrics::SlowEvent> slow;
  // From the back: a session that leaves the list is replaced by the last one, seen already.
  for (std::size_t i = watched_.size(); i-- > 0;) {
    Session& session = *watched_[i];
    Uncount(session.entry);
    const bool watch_on = session.Look(now);
    Count(session.entry);
    if (session.entry.books != nullptr) LookAtRunning(session, now, slow);
    if (!watch_on) RemoveWatched(session);
  }
  PublishRunning(std::move(slow));
}

void WireLoop::LookAtRunning(Session& session, Nanos now, std::vector<metrics::SlowEvent>& slow) {
  const pgwire::Conversation& conversation = session.conversation();
  metrics::DatabaseRecorder::Running& totals = session.entry.books->running;
  const auto to_unix = [&](Nanos start) {
    return ToSeconds(shared_.context.clock.UnixNow() - (now - start));
  };
  if (const Nanos start = conversation.transaction_start(); start != 0) {
    totals.oldest_transaction_start = Earlier(totals.oldest_transaction_start, to_unix(start));
  }
  totals.in_flight += static_cast<double>(conversation.statements_in_flight());
  const auto running = conversation.running();
  if (!running) return;
  totals.oldest_start = Earlier(totals.oldest_start, to_unix(running->start));
  const Nanos age = now - running->start;
  if (ToSeconds(age) <= shared_.context.registry.slow_threshold_seconds()) return;
  totals.slow += 1;
  const Nanos log_after = ToNanos(shared_.context.slow_log.options().running_after);
  const bool log = log_after > 0 && age > log_after && session.running_logged != running->start;
  if (!log && slow.size() >= kRunningShownMax) return;
  std::optional<metrics::SlowEvent> event = session.DescribeRunning(*running, now);
  if (!event) return;
  if (log) {
    session.running_logged = running->start;
    shared_.context.slow_log.Submit(*event);
  }
  if (slow.size() < kRunningShownMax) slow.push_back(std::move(*event));
}

void WireLoop::PublishRunning(std::vector<metrics::SlowEvent> slow) {
  if (slow.empty() && !running_published_) return;
  running_published_ = !slow.empty();
  std::sort(slow.begin(), slow.end(),
            [](const auto& a, const auto& b) { return a.duration_s > b.duration_s; });
  shared_.context.slow_log.SetRunning(number_, std::move(slow));
}

void WireLoop::BoundMemory() {
  shared_.observe_memory_bytes += memory_bytes_ - memory_shared_;
  memory_shared_ = memory_bytes_;
  const auto all = static_cast<std::int64_t>(settings_->options.observe_memory_bytes);
  const std::int64_t excess = shared_.observe_memory_bytes - all;
  // Each loop gives up what it holds beyond its share; what is in excess is in one of them.
  const std::int64_t bound =
      std::max(all / static_cast<std::int64_t>(loops_), memory_bytes_ - excess);
  if (excess <= 0 || memory_bytes_ <= bound) return;
  std::vector<Session*> by_size = sessions_;
  std::sort(by_size.begin(), by_size.end(), [](const Session* a, const Session* b) {
    return a->entry.memory_bytes > b->entry.memory_bytes;
  });
  for (Session* session : by_size) {
    if (memory_bytes_ <= bound) return;
    session->TurnOpaque(pgwire::OpaqueReason::kObserveMemory);
    Uncount(session->entry);
    session->Look(events_.Now());
    Count(session->entry);
  }
}

void WireLoop::PublishCounters() {
  for (const auto& books : ledger_.databases) books->Publish(number_);
  ledger_.counters.Publish(shared_.instruments);
  ledger_.overhead.Flush();
  ledger_.passes.Flush();
  busy_total_.Increment(busy_seconds_);
  busy_seconds_ = 0;
}

}  // namespace pgsidecar::wire
