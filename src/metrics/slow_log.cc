#include "metrics/slow_log.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "metrics/line_writer.h"
#include "metrics/self_metrics.h"
#include "metrics/slow_log_metrics.h"
#include "metrics/token_bucket.h"

namespace pgsidecar::metrics {
namespace {

constexpr std::size_t kQueueEvents = 4096;
constexpr std::size_t kRecentEvents = 200;
constexpr std::chrono::milliseconds kPatience{1000};

/// Shared by the queue, the ring of recent events and a snapshot under way.
using EventPtr = std::shared_ptr<const SlowEvent>;
/// Shared by the table of loops and a snapshot under way.
using EventsPtr = std::shared_ptr<const std::vector<SlowEvent>>;

struct Line {
  EventPtr event;
  std::uint64_t suppressed;
};

Nanos StartOf(const SlowEvent& event) {
  return event.unix_time - static_cast<Nanos>(event.duration_s * 1e9);
}

}  // namespace

struct SlowLog::State {
  State(const SlowLogOptions& wanted, Registry& registry, const Clock& time, LineWriter opened)
      : options(wanted),
        clock(time),
        entries{&registry.AddCounter(kSlowLogEntries, {"slow"}),
                &registry.AddCounter(kSlowLogEntries, {"running"}),
                &registry.AddCounter(kSlowLogEntries, {"slow_group"}),
                &registry.AddCounter(kSlowLogEntries, {"plan"})},
        suppressed_lines(registry.AddCounter(kSlowLogSuppressed)),
        dropped(registry.AddCounter(kEventsDroppedTotal, {"slow_log"})),
        failures(registry.AddCounter(kInternalErrorsTotal, {"metrics"})),
        writer(std::move(opened)),
        bucket(options.rate, options.burst, clock.Now()) {}

  /// Guarded by mutex. Returns whether there is something new to write.
  bool Enqueue(EventPtr event);
  /// Guarded by mutex. The same past the rate limit, for a line that is not an event of its own.
  bool EnqueuePlan(EventPtr event);
  /// Guarded by mutex.
  void AttachPlan(const SlowEvent& explained);
  void Write(const Line& line);
  void OfferPlan(const SlowEvent& event);
  void Run();

  const SlowLogOptions options;
  const Clock& clock;
  const std::array<Counter*, 4> entries;  ///< By SlowEventKind.
  Counter& suppressed_lines;
  Counter& dropped;
  Counter& failures;

  LineWriter writer;     ///< The log thread's.
  bool failing = false;  ///< The log thread's.

  std::mutex source_mutex;       ///< Taken before `mutex`, if both are.
  PlanSource* source = nullptr;  ///< Guarded by source_mutex.

  mutable std::mutex mutex;
  std::condition_variable wake;
  // Guarded by mutex.
  TokenBucket bucket;
  std::uint64_t suppressed = 0;  ///< Since the last line that was queued.
  std::deque<Line> queue;
  std::deque<EventPtr> recent;  ///< Newest first.
  std::map<std::size_t, EventsPtr> running;
  bool stopping = false;

  std::thread thread;
};

bool SlowLog::State::Enqueue(EventPtr event) {
  recent.push_front(event);
  if (recent.size() > kRecentEvents) recent.pop_back();
  if (queue.size() >= kQueueEvents) {
    dropped.Increment();
    return false;
  }
  if (!bucket.TryTake(clock.Now())) {
    ++suppressed;
    suppressed_lines.Increment();
    return false;
  }
  queue.push_back({std::move(event), std::exchange(suppressed, 0)});
  return true;
}

bool SlowLog::State::EnqueuePlan(EventPtr event) {
  AttachPlan(*event);
  if (queue.size() >= kQueueEvents) {
    dropped.Increment();
    return false;
  }
  queue.push_back({std::move(event), 0});
  return true;
}

void SlowLog::State::AttachPlan(const SlowEvent& explained) {
  for (EventPtr& event : recent) {
    if (event->kind != SlowEventKind::kSlow || event->fingerprint != explained.fingerprint ||
        event->datname != explained.datname) {
      continue;
    }
    auto copy = std::make_shared<SlowEvent>(*event);  // Events are constant: others may read it.
    copy->plan = explained.plan;
    event = std::move(copy);
  }
}

void SlowLog::State::OfferPlan(const SlowEvent& event) {
  if (event.kind != SlowEventKind::kSlow) return;
  const std::lock_guard lock(source_mutex);
  if (source != nullptr) source->Offer(event);
}

void SlowLog::State::Write(const Line& line) {
  const bool written = writer.Write(ToJson(*line.event, line.suppressed), kPatience);
  if (written) {
    entries[static_cast<std::size_t>(line.event->kind)]->Increment();
  } else {
    failures.Increment();
  }
  if (written == failing) {
    if (written) {
      spdlog::info("the slow query log is written again");
    } else {
      spdlog::error("the slow query log {} cannot be written; its lines are lost", options.path);
    }
  }
  failing = !written;
}

void SlowLog::State::Run() {
  std::unique_lock lock(mutex);
  while (true) {
    wake.wait(lock, [this] { return stopping || !queue.empty(); });
    if (queue.empty()) return;
    if (stopping && failing) {
      failures.Increment(static_cast<double>(queue.size()));
      return;
    }
    const Line line = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    Write(line);
    OfferPlan(*line.event);
    lock.lock();
  }
}

Result<std::unique_ptr<SlowLog>> SlowLog::Open(const SlowLogOptions& options, Registry& registry,
                                               const Clock& clock) {
  Result<LineWriter> writer = LineWriter::Open(options.path);
  if (!writer.ok()) return writer.error();
  auto state = std::make_unique<State>(options, registry, clock, std::move(writer).value());
  state->thread = std::thread(&State::Run, state.get());
  return std::unique_ptr<SlowLog>(new SlowLog(std::move(state)));
}

SlowLog::SlowLog(std::unique_ptr<State> state) : state_(std::move(state)) {}

SlowLog::~SlowLog() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_one();
  state_->thread.join();
}

void SlowLog::Submit(SlowEvent event) {
  auto shared = std::make_shared<const SlowEvent>(std::move(event));
  bool queued = false;
  {
    const std::lock_guard lock(state_->mutex);
    queued = state_->Enqueue(std::move(shared));
  }
  if (queued) state_->wake.notify_one();
}

void SlowLog::SetRunning(std::size_t loop, std::vector<SlowEvent> running) {
  auto shared = std::make_shared<const std::vector<SlowEvent>>(std::move(running));
  const std::lock_guard lock(state_->mutex);
  state_->running[loop].swap(shared);
}

void SlowLog::SetPlanSource(PlanSource* source) {
  const std::lock_guard lock(state_->source_mutex);
  state_->source = source;
}

void SlowLog::AddPlan(const SlowEvent& statement, QueryPlan plan) {
  auto event = std::make_shared<SlowEvent>(statement);
  event->kind = SlowEventKind::kPlan;
  event->unix_time = state_->clock.UnixNow();
  event->plan = std::make_shared<const QueryPlan>(std::move(plan));
  bool queued = false;
  {
    const std::lock_guard lock(state_->mutex);
    queued = state_->EnqueuePlan(std::move(event));
  }
  if (queued) state_->wake.notify_one();
}

SlowLog::View SlowLog::Snapshot() const {
  std::vector<EventPtr> recent;
  std::vector<EventsPtr> running;
  {
    const std::lock_guard lock(state_->mutex);
    recent.assign(state_->recent.begin(), state_->recent.end());
    for (const auto& [loop, events] : state_->running) running.push_back(events);
  }
  View view;
  for (const EventPtr& event : recent) view.recent.push_back(*event);
  for (const EventsPtr& events : running) {
    view.running.insert(view.running.end(), events->begin(), events->end());
  }
  std::sort(view.running.begin(), view.running.end(),
            [](const SlowEvent& a, const SlowEvent& b) { return StartOf(a) < StartOf(b); });
  return view;
}

const SlowLogOptions& SlowLog::options() const { return state_->options; }

}  // namespace pgsidecar::metrics
