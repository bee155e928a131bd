#include "executor/pool.h"

#include <algorithm>
#include <utility>

#include "executor/executor_metrics.h"

namespace pgsidecar::executor {
namespace {

constexpr std::size_t kThreads = 2;
/// A connection that rested longer is looked at before it is lent again.
constexpr Nanos kTrustedFor = kNanosPerSecond;

QueryError Stopped() {
  return {.kind = QueryErrorKind::kShutdown, .message = "the executor is shutting down"};
}

/// A server is what initdb made; its address may be that of another one tomorrow.
std::string IdentityOf(Connection& link) {
  std::string server = link.server();
  const auto rows = link.ExecuteOnce("SELECT system_identifier FROM pg_catalog.pg_control_system()",
                                     Parameters());
  if (rows.ok() && !rows.value().empty()) server = rows.value().Text(0, 0).value_or(server);
  return server.append(1, '\0').append(link.database()).append(1, '\0').append(link.user());
}

}  // namespace

PoolInstruments::PoolInstruments(metrics::Registry& registry, std::string_view pool)
    : idle(registry.AddGauge(kPoolConnections, {pool, "idle"})),
      used(registry.AddGauge(kPoolConnections, {pool, "used"})),
      pending(registry.AddGauge(kPoolPendingRequests, {pool})),
      wait(registry.AddHistogram(kPoolWaitDurationSeconds, {pool})),
      create(registry.AddHistogram(kPoolConnectionCreateDurationSeconds, {pool})),
      use(registry.AddHistogram(kPoolConnectionUseDurationSeconds, {pool})),
      timeouts(registry.AddCounter(kPoolTimeoutsTotal, {pool})),
      errors(registry.AddCounter(kPoolConnectionErrorsTotal, {pool})) {
  for (std::size_t i = 0; i < closed.size(); ++i) {
    closed[i] = &registry.AddCounter(kPoolConnectionsClosedTotal, {pool, kCloseReasonNames[i]});
  }
}

Pool::Pool(const ExecutorOptions& options, Telemetry::State& telemetry, Connect connect)
    : options_(options),
      telemetry_(telemetry),
      clock_(telemetry.context.clock),
      connect_(std::move(connect)),
      instruments_(telemetry.context.registry, options.name),
      workers_(kThreads) {
  telemetry.context.registry.AddGauge(kPoolConnectionsMax, {options.name})
      .Set(static_cast<double>(options.connections_max));
}

Pool::~Pool() = default;

Outcome<Pool::Borrowed> Pool::Borrow(Nanos now, Nanos deadline) {
  Graveyard closed;
  std::unique_lock lock(mutex_);
  if (stopping_) return Stopped();
  if (ConnectionPtr connection = TakeIdle(now, closed)) {
    connection->lent = now;
    Publish();
    lock.unlock();
    instruments_.wait.Observe(0);
    return Borrowed{std::move(connection), now};
  }
  return Wait(lock, now, deadline);
}

ConnectionPtr Pool::TakeIdle(Nanos now, Graveyard& closed) {
  while (!idle_.empty()) {
    ConnectionPtr connection = std::move(idle_.back());
    idle_.pop_back();
    std::optional<CloseReason> reason;
    const bool rested = now - connection->used > kTrustedFor || connection->used <= suspect_;
    if (rested && connection->link->IsStale()) reason = CloseReason::kStale;
    if (!reason) return connection;
    Remove(connection, *reason, closed);
  }
  return nullptr;
}

Outcome<Pool::Borrowed> Pool::Wait(std::unique_lock<std::mutex>& lock, Nanos now, Nanos deadline) {
  if (waiters_.size() >= options_.waiters_max) {
    instruments_.timeouts.Increment();
    return QueryError{.kind = QueryErrorKind::kPool,
                      .message = "no connection is free, and " +
                                 std::to_string(options_.waiters_max) + " calls wait already"};
  }
  Waiter waiter;
  const auto place = waiters_.insert(waiters_.end(), &waiter);
  OpenMore();
  Publish();
  const Nanos until = std::min(deadline, now + ToNanos(options_.wait_max));
  const bool done = waiter.changed.wait_for(lock, std::chrono::nanoseconds(until - now),
                                            [&] { return waiter.done(); });
  if (!done) {
    waiters_.erase(place);
    Publish();
  }
  lock.unlock();
  const Nanos after = clock_.Now();
  instruments_.wait.Observe(ToSeconds(after - now));
  if (waiter.error) return *std::move(waiter.error);
  if (!done) {
    instruments_.timeouts.Increment();
    return QueryError{.kind = until == deadline ? QueryErrorKind::kDeadline : QueryErrorKind::kPool,
                      .message = "no connection came free in time"};
  }
  waiter.connection->lent = after;
  return Borrowed{std::move(waiter.connection), after};
}

void Pool::Return(ConnectionPtr connection, Nanos now, std::optional<CloseReason> close) {
  instruments_.use.Observe(ToSeconds(now - connection->lent));
  Graveyard closed;
  const std::lock_guard lock(mutex_);
  if (!close && stopping_) close = CloseReason::kShutdown;
  if (close == CloseReason::kBroken) suspect_ = now;
  if (!close) {
    Hand(std::move(connection), now);
  } else {
    Remove(connection, *close, closed);
    closed.push_back(std::move(connection));
    OpenMore();
  }
  Publish();
  if (stopping_) returned_.notify_all();
}

/// To the one who waits for the longest time, or to the idle ones.
void Pool::Hand(ConnectionPtr connection, Nanos now) {
  connection->used = now;
  if (waiters_.empty()) {
    idle_.push_back(std::move(connection));
    return;
  }
  Waiter& waiter = *waiters_.front();
  waiters_.pop_front();
  waiter.connection = std::move(connection);
  waiter.changed.notify_one();
}

void Pool::Remove(const ConnectionPtr& connection, CloseReason reason, Graveyard& closed) {
  instruments_.closed[static_cast<std::size_t>(reason)]->Increment();
  const auto found = std::find(all_.begin(), all_.end(), connection);
  if (found == all_.end()) return;
  closed.push_back(std::move(*found));
  all_.erase(found);
}

void Pool::OpenMore() {
  const std::size_t wanted =
      std::max(waiters_.size(), all_.size() + opening_ < options_.connections_min
                                    ? options_.connections_min - all_.size()
                                    : std::size_t{0});
  while (!stopping_ && opening_ < wanted && all_.size() + opening_ < options_.connections_max) {
    ++opening_;
    workers_.Submit([this] { OpenOne(); });
  }
}

void Pool::OpenOne() {
  {
    const std::lock_guard lock(mutex_);
    const bool needed = !waiters_.empty() || all_.size() < options_.connections_min;
    if (stopping_ || !needed) {
      --opening_;
      return;
    }
  }
  auto connection =
      std::make_shared<PooledConnection>(telemetry_.statements, options_.prepared_statements_max);
  const Nanos start = clock_.Now();
  auto link = connect_(connection->interrupter);
  std::shared_ptr<const std::string> identity;
  if (link.ok()) identity = std::make_shared<const std::string>(IdentityOf(*link.value()));
  const Nanos now = clock_.Now();
  if (link.ok()) {
    instruments_.create.Observe(ToSeconds(now - start));
    connection->link = std::move(link).value();
    connection->opened = now;
    connection->database = &telemetry_.context.recorder.Database(connection->link->database());
    telemetry_.statements.Attach(*connection->database);
  } else {
    instruments_.errors.Increment();
  }
  const std::lock_guard lock(mutex_);
  --opening_;
  if (!link.ok()) {
    // While there are others, one of them will come free.
    if (all_.empty()) FailWaiters(link.error());
  } else if (!stopping_) {
    connection->id = ++last_id_;
    identity_ = std::move(identity);
    all_.push_back(connection);
    Hand(std::move(connection), now);
  }
  Publish();
}

void Pool::FailWaiters(const QueryError& error) {
  for (Waiter* waiter : waiters_) {
    waiter->error = error;
    waiter->changed.notify_one();
  }
  waiters_.clear();
}

std::optional<CloseReason> Pool::WhyClose(const PooledConnection& connection, Nanos now) const {
  const Nanos lifetime = ToNanos(options_.lifetime_max);
  if (lifetime > 0 && now - connection.opened > lifetime) return CloseReason::kLifetime;
  const Nanos idle = ToNanos(options_.idle_max);
  const bool spare = all_.size() > options_.connections_min;
  if (spare && idle > 0 && now - connection.used > idle) return CloseReason::kIdle;
  if (connection.link->IsStale()) return CloseReason::kStale;
  return std::nullopt;
}

Outcome<std::shared_ptr<const std::string>> Pool::Identity(Nanos now, Nanos deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (identity_ != nullptr) return identity_;
  }
  auto borrowed = Borrow(now, deadline);
  if (!borrowed.ok()) return borrowed.error();
  Return(std::move(borrowed.value().connection), borrowed.value().now, std::nullopt);
  const std::lock_guard lock(mutex_);
  return identity_;
}

void Pool::Maintain(Nanos now) {
  Graveyard closed;
  const std::lock_guard lock(mutex_);
  for (std::size_t i = idle_.size(); i-- > 0;) {
    const auto reason = WhyClose(*idle_[i], now);
    if (!reason) continue;
    const ConnectionPtr connection = std::move(idle_[i]);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    Remove(connection, *reason, closed);
  }
  OpenMore();
  Publish();
}

std::vector<ConnectionPtr> Pool::Snapshot() const {
  const std::lock_guard lock(mutex_);
  return all_;
}

void Pool::Publish() {
  instruments_.idle.Set(static_cast<double>(idle_.size()));
  instruments_.used.Set(static_cast<double>(all_.size() - idle_.size()));
  instruments_.pending.Set(static_cast<double>(waiters_.size()));
}

void Pool::Stop() {
  Graveyard closed;
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  FailWaiters(Stopped());
  for (const ConnectionPtr& connection : std::exchange(idle_, {})) {
    Remove(connection, CloseReason::kShutdown, closed);
  }
  Publish();
}

bool Pool::AwaitAllReturned(std::chrono::nanoseconds patience) {
  std::unique_lock lock(mutex_);
  return returned_.wait_for(lock, patience, [this] { return all_.empty(); });
}

bool Pool::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

}  // namespace pgsidecar::executor
