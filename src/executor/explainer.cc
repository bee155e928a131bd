#include "executor/explainer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "executor/recent_statements.h"

namespace pgsidecar::executor {
namespace {

constexpr std::chrono::milliseconds kStopPatience{500};
constexpr Nanos kRetryAfter = 10 * kNanosPerSecond;
/// What an attempt may take beyond its two statement timeouts before its connection is shut down.
constexpr Nanos kHungAfter = 10 * kNanosPerSecond;
constexpr std::array<std::string_view, 5> kCommands = {"SELECT", "INSERT", "UPDATE", "DELETE",
                                                       "MERGE"};  // VALUES counts as SELECT.

std::string KeyOf(const metrics::SlowEvent& event) {
  return event.fingerprint + '\0' + event.datname;
}

/// Whether `query` is the text of a statement, and all of it.
bool HasText(const metrics::SlowEvent& event) {
  return !event.query.empty() && !event.query_cut && event.fingerprint != "unknown" &&
         event.fingerprint != "pending";
}

/// A plan, or why there is none.
struct Outcome {
  std::optional<SkipReason> skip;
  metrics::QueryPlan plan;
};

Outcome OutcomeOf(const PlanAnswer& answer) {
  if (answer.skip) return {answer.skip, {}};
  auto plan = metrics::ParsePlan(answer.explained);
  if (!plan) return {SkipReason::kError, {}};
  return {std::nullopt, std::move(*plan)};
}

}  // namespace

struct Explainer::State {
  State(const ExplainOptions& wanted, const ExplainContext& parts, ConnectForPlans how)
      : options(wanted), context(parts), connect(std::move(how)), recent(ToNanos(options.every)) {}

  /// Guarded by mutex.
  std::optional<SkipReason> WhyNot(const metrics::SlowEvent& event, Nanos now) const;
  /// Guarded by mutex. Ends an attempt that a server without an answer holds up.
  void BreakIfHung(Nanos now);
  /// The thread. Requires: `self` is this; it keeps the state as long as the thread runs.
  static void Run(const std::shared_ptr<State>& self);
  /// Blocks. Makes the connection if there is none, and keeps it after a success only.
  Outcome Attempt(const metrics::SlowEvent& event, std::unique_ptr<PlanConnection>& connection);
  /// Guarded by mutex.
  void Finish(const metrics::SlowEvent& event, Outcome outcome);
  /// Guarded by mutex.
  void NoteConnection(bool works);

  const ExplainOptions options;
  const ExplainContext context;  ///< Not to be touched when `stopping`, so only under the mutex.
  const ConnectForPlans connect;
  Interrupter interrupter;

  std::mutex mutex;
  std::condition_variable wake, ended_now;
  // Guarded by mutex.
  std::deque<metrics::SlowEvent> queue;
  RecentStatements recent;
  std::string database;  ///< Empty until the first connection.
  Nanos retry_at = 0;    ///< No attempt before, since the last connection failed.
  bool failing = false;
  bool warned_superuser = false;
  std::optional<Nanos> busy_since;
  bool stopping = false, ended = false;
};

std::optional<SkipReason> Explainer::State::WhyNot(const metrics::SlowEvent& event,
                                                   Nanos now) const {
  if (std::find(kCommands.begin(), kCommands.end(), event.command) == kCommands.end()) {
    return SkipReason::kCommand;
  }
  if (!HasText(event)) return SkipReason::kText;
  if (!database.empty() && event.datname != database) return SkipReason::kDatabase;
  if (recent.Has(KeyOf(event), now)) return SkipReason::kRecent;
  if (failing && now < retry_at) return SkipReason::kConnection;
  if (queue.size() >= kQueueMax) return SkipReason::kQueueFull;
  return std::nullopt;
}

void Explainer::State::BreakIfHung(Nanos now) {
  if (busy_since && now - *busy_since > 2 * ToNanos(options.timeout) + kHungAfter)
    interrupter.Break();
}

Outcome Explainer::State::Attempt(const metrics::SlowEvent& event,
                                  std::unique_ptr<PlanConnection>& connection) {
  if (connection == nullptr) connection = connect(interrupter);
  if (connection == nullptr) return {SkipReason::kConnection, {}};
  if (connection->database() != event.datname) return {SkipReason::kDatabase, {}};
  const PlanAnswer answer = connection->Explain(event);
  if (answer.skip) connection.reset();
  return OutcomeOf(answer);
}

void Explainer::State::NoteConnection(bool works) {
  if (!works) retry_at = context.clock.Now() + kRetryAfter;
  if (works != failing) return;
  failing = !works;
  if (works) {
    spdlog::info("slow statements are explained again");
  } else {
    spdlog::warn("slow statements are not explained: the connection for EXPLAIN failed");
  }
}

void Explainer::State::Finish(const metrics::SlowEvent& event, Outcome outcome) {
  const auto skip = outcome.skip;
  NoteConnection(skip != SkipReason::kConnection);
  if (skip == SkipReason::kConnection) recent.Forget(KeyOf(event));
  if (skip == SkipReason::kSuperuser && !std::exchange(warned_superuser, true)) {
    spdlog::warn(
        "slow statements are not explained: the role of the connection for EXPLAIN is a superuser");
  }
  if (skip) return context.counters.CountSkip(*skip);
  context.counters.CountPlan();
  context.slow_log.AddPlan(event, std::move(outcome.plan));
}

void Explainer::State::Run(const std::shared_ptr<State>& self) {
  std::unique_ptr<PlanConnection> connection;
  std::unique_lock lock(self->mutex);
  while (true) {
    self->wake.wait(lock, [&] { return self->stopping || !self->queue.empty(); });
    if (self->stopping) break;
    const metrics::SlowEvent event = std::move(self->queue.front());
    self->queue.pop_front();
    self->busy_since = self->context.clock.Now();
    lock.unlock();
    Outcome outcome = self->Attempt(event, connection);
    const std::string database = connection != nullptr ? connection->database() : std::string();
    lock.lock();
    if (self->stopping) break;
    self->busy_since.reset();
    if (!database.empty()) self->database = database;
    self->Finish(event, std::move(outcome));
    if (!self->queue.empty() || connection == nullptr) continue;
    lock.unlock();
    connection.reset();
    lock.lock();
  }
  lock.unlock();
  connection.reset();
  lock.lock();
  self->ended = true;
  self->ended_now.notify_all();
}

Explainer::Explainer(const ExplainOptions& options, const ExplainContext& context,
                     ConnectForPlans connect)
    : slow_log_(context.slow_log),
      state_(std::make_shared<State>(options, context, std::move(connect))) {
  thread_ = std::thread([state = state_] { State::Run(state); });
  slow_log_.SetPlanSource(this);
}

Explainer::~Explainer() {
  slow_log_.SetPlanSource(nullptr);
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->interrupter.Stop();
  state_->wake.notify_all();
  const bool ended =
      state_->ended_now.wait_for(lock, kStopPatience, [this] { return state_->ended; });
  lock.unlock();
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

void Explainer::Offer(const metrics::SlowEvent& event) {
  const std::lock_guard lock(state_->mutex);
  const Nanos now = state_->context.clock.Now();
  state_->BreakIfHung(now);
  if (const auto reason = state_->WhyNot(event, now)) {
    state_->context.counters.CountSkip(*reason);
    return;
  }
  state_->recent.Add(KeyOf(event), now);
  state_->queue.push_back(event);
  state_->wake.notify_all();
}

}  // namespace pgsidecar::executor
