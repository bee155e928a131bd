#include "executor/keeper.h"

#include <algorithm>
#include <map>
#include <utility>

namespace pgsidecar::executor {
namespace {

constexpr Nanos kTick = kNanosPerSecond;
/// How long a cancelled statement may take to end before its connection is shut down.
constexpr Nanos kGrace = kNanosPerSecond / 2;
constexpr Nanos kShutdownScan = kNanosPerSecond / 100;

}  // namespace

Keeper::Keeper(Pool& pool, Telemetry::State& telemetry)
    : pool_(pool),
      telemetry_(telemetry),
      clock_(telemetry.context.clock),
      source_(telemetry.NextSource()),
      thread_([this] { Run(); }) {}

Keeper::~Keeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  PublishRunning(clock_.Now());
}

void Keeper::Kick() {
  {
    const std::lock_guard lock(mutex_);
    kicked_ = true;
  }
  wake_.notify_all();
}

void Keeper::CancelAll() {
  {
    const std::lock_guard lock(mutex_);
    cancel_all_ = true;
    kicked_ = true;
  }
  wake_.notify_all();
}

void Keeper::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    kicked_ = false;
    lock.unlock();
    const Nanos now = clock_.Now();
    if (now - ticked_ >= kTick) Tick(now);
    // First the moment is published and then the deadlines are read; callers do it the other way
    // round. So one of the two sees the other.
    const Nanos tick = ticked_ + kTick;
    wake_at_.store(tick, std::memory_order_seq_cst);
    const Nanos due = std::min(tick, Scan(now));
    wake_at_.store(due, std::memory_order_seq_cst);
    lock.lock();
    wake_.wait_for(lock, std::chrono::nanoseconds(due - clock_.Now()),
                   [this] { return kicked_ || stopping_; });
  }
}

Nanos Keeper::Scan(Nanos now) {
  bool all = false;
  {
    const std::lock_guard lock(mutex_);
    all = cancel_all_;
  }
  Nanos due = PooledConnection::kNoDeadline;
  for (const ConnectionPtr& connection : pool_.Snapshot()) {
    const Nanos deadline = connection->deadline();
    const bool over = deadline <= now || (all && connection->running_since() != 0);
    if (over && connection->TryCancel(deadline)) {
      Cancel(connection, now);
    } else if (deadline > now) {
      due = std::min(due, deadline);
    }
  }
  std::erase_if(cancelled_, [now](const Cancelled& each) {
    if (!each.connection->cancelled()) return true;
    if (now < each.break_at) return false;
    each.connection->interrupter.Break();
    return true;
  });
  for (const Cancelled& each : cancelled_) due = std::min(due, each.break_at);
  if (all) due = std::min(due, now + kShutdownScan);  // A call may have begun meanwhile.
  return due;
}

void Keeper::Cancel(const ConnectionPtr& connection, Nanos now) {
  cancelled_.push_back({connection, now + kGrace});
  pool_.workers().SubmitFirst([connection] { connection->link->Cancel(); });
}

void Keeper::Tick(Nanos now) {
  ticked_ = now;
  pool_.Maintain(now);
  telemetry_.statements.Poll();
  PublishRunning(now);
}

void Keeper::PublishRunning(Nanos now) {
  const double threshold = telemetry_.context.registry.slow_threshold_seconds();
  const double unix_offset = ToSeconds(clock_.UnixNow() - now);
  const auto earlier = [&](double& oldest, Nanos since) {
    const double unix_seconds = unix_offset + ToSeconds(since);
    if (oldest == 0 || unix_seconds < oldest) oldest = unix_seconds;
  };
  std::map<metrics::DatabaseRecorder*, metrics::DatabaseRecorder::Running> running;
  for (metrics::DatabaseRecorder* database : databases_) running[database];
  std::vector<metrics::SlowEvent> events;
  for (const ConnectionPtr& connection : pool_.Snapshot()) {
    auto& of_database = running[connection->database];
    const Nanos block = connection->transaction_since();
    if (block != 0) earlier(of_database.oldest_transaction_start, block);
    const Nanos since = connection->running_since();
    if (since == 0) continue;
    ++of_database.in_flight;
    earlier(of_database.oldest_start, since);
    if (ToSeconds(now - since) <= threshold) continue;
    ++of_database.slow;
    events.push_back(Describe(*connection, since, now));
  }
  databases_.clear();
  for (const auto& [database, of_database] : running) {
    databases_.push_back(database);
    database->Publish(source_, of_database);
  }
  telemetry_.context.slow_log.SetRunning(source_, std::move(events));
}

metrics::SlowEvent Keeper::Describe(const PooledConnection& connection, Nanos since,
                                    Nanos now) const {
  metrics::SlowEvent event;
  event.kind = metrics::SlowEventKind::kRunning;
  event.unix_time = clock_.UnixNow();
  event.duration_s = ToSeconds(now - since);
  telemetry_.statements.Describe(connection.cell(), event);
  event.operation = connection.operation().name;
  event.extended = true;
  event.datname = connection.database->datname();
  event.user = connection.link->user();
  event.upstream = connection.link->server();
  event.session = connection.id;
  return event;
}

}  // namespace pgsidecar::executor
