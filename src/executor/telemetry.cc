#include "pgsidecar/telemetry.h"

#include <mutex>

#include "executor/executor_metrics.h"
#include "executor/telemetry_state.h"
#include "metrics/collectable.h"
#include "metrics/exposition.h"
#include "metrics/label_value.h"

namespace pgsidecar {
namespace {

constexpr std::string_view kOther = "other";

std::string WindowName(std::string_view operation, const char* suffix) {
  return std::string("query.").append(operation).append(suffix);
}

double Milliseconds(Nanos duration) { return static_cast<double>(duration) * 1e-6; }

}  // namespace

OperationBooks::OperationBooks(metrics::Registry& registry, PerformanceMonitor& performance,
                               std::string_view operation)
    : name(operation),
      duration(registry.AddHistogram(executor::kOperationDurationSeconds, {operation})),
      errors(registry.AddCounter(executor::kOperationErrorsTotal, {operation})),
      cache_hits(registry.AddCounter(executor::kOperationCacheHitsTotal, {operation})),
      retries(registry.AddCounter(executor::kOperationRetriesTotal, {operation})),
      window_duration(performance.Find(WindowName(operation, ".duration"))),
      window_success(performance.Find(WindowName(operation, ".success"))),
      window_error(performance.Find(WindowName(operation, ".error"))) {}

std::string_view Operation::name() const { return books_->name; }

/// In the order of construction; destroyed backwards.
struct Telemetry::State::Owned {
  explicit Owned(double slow_threshold_seconds)
      : registry(slow_threshold_seconds), recorder(registry) {}

  const SystemClock clock;
  metrics::Registry registry;
  metrics::Recorder recorder;
  PerformanceMonitor performance;
  std::unique_ptr<metrics::SlowLog> slow_log;
  std::unique_ptr<sql::Catalogue> catalogue;
};

Telemetry::State::State(const executor::TelemetryContext& from, std::unique_ptr<Owned> parts)
    : owned(std::move(parts)),
      context(from),
      collectable(metrics::MakeCollectable(context.registry)),
      in_flight(context.registry.AddGauge(executor::kOperationsInFlight)),
      statements(context.catalogue, context.clock),
      other(context.registry, context.performance, kOther) {}

Telemetry::State::~State() = default;

void Telemetry::State::Finish(OperationBooks& books, const executor::OperationEnd& end) {
  const double seconds = ToSeconds(end.duration);
  if (end.trace == nullptr) {
    books.duration.Observe(seconds);
  } else {
    books.duration.Observe(seconds, {end.trace->trace_id, end.trace->span_id, {}},
                           ToSeconds(context.clock.UnixNow()));
  }
  PerformanceMonitor::Record(books.window_duration, Milliseconds(end.duration));
  PerformanceMonitor::Record(end.failed ? books.window_error : books.window_success, 1);
  if (end.failed) books.errors.Increment();
}

Telemetry::Telemetry(std::unique_ptr<State> state) : state_(std::move(state)) {}
Telemetry::~Telemetry() = default;

Outcome<std::unique_ptr<Telemetry>> Telemetry::Create(const TelemetryOptions& options) {
  const auto wrong = [](const Error& error) {
    return QueryError{.kind = QueryErrorKind::kUsage, .message = error.message};
  };
  auto parts = std::make_unique<State::Owned>(ToSeconds(options.slow_query_threshold.count()));
  metrics::SlowLogOptions log;
  log.path = options.slow_log_path;
  log.rate = options.slow_log_rate;
  auto slow_log = metrics::SlowLog::Open(log, parts->registry, parts->clock);
  if (!slow_log.ok()) return wrong(slow_log.error());
  parts->slow_log = std::move(slow_log).value();
  sql::StatementOptions statements;
  statements.limit = options.statements_max;
  auto catalogue = sql::Catalogue::Create(statements, parts->registry, parts->clock);
  if (!catalogue.ok()) return wrong(catalogue.error());
  parts->catalogue = std::move(catalogue).value();
  const executor::TelemetryContext context{parts->registry,   parts->recorder,    *parts->slow_log,
                                           *parts->catalogue, parts->performance, parts->clock};
  return std::make_unique<Telemetry>(std::make_unique<State>(context, std::move(parts)));
}

std::unique_ptr<Telemetry> executor::MakeTelemetry(const TelemetryContext& context) {
  return std::make_unique<Telemetry>(std::make_unique<Telemetry::State>(context, nullptr));
}

std::shared_ptr<prometheus::Collectable> Telemetry::collectable() const {
  return state_->collectable;
}

std::string Telemetry::MetricsText() const {
  return metrics::Expose(state_->context.registry, "", "").body;
}

PerformanceMonitor& Telemetry::performance() const { return state_->context.performance; }

Operation Telemetry::Named(std::string_view operation) const {
  State& state = *state_;
  {
    const std::shared_lock lock(state.mutex);
    const auto found = state.operations.find(operation);
    if (found != state.operations.end()) return Operation(*found->second);
    if (state.operations.size() == kOperationsMax) return Operation(state.other);
  }
  const std::string name = metrics::LabelValue("operation", operation);
  if (name.empty() || name == kOther) return Operation(state.other);
  const std::unique_lock lock(state.mutex);
  const auto found = state.operations.find(name);
  if (found != state.operations.end()) return Operation(*found->second);
  if (state.operations.size() == kOperationsMax) return Operation(state.other);
  auto books =
      std::make_unique<OperationBooks>(state.context.registry, state.context.performance, name);
  return Operation(*state.operations.emplace(name, std::move(books)).first->second);
}

MonitoredCall::MonitoredCall(const Telemetry& telemetry, const Operation& operation)
    : telemetry_(telemetry), operation_(operation), start_(telemetry.state().context.clock.Now()) {
  telemetry.state().in_flight.Increment();
}

MonitoredCall::~MonitoredCall() {
  Telemetry::State& state = telemetry_.state();
  const Nanos duration = state.context.clock.Now() - start_;
  state.in_flight.Decrement();
  state.Finish(operation_.books(), {.duration = duration, .failed = !succeeded_});
  if (ToSeconds(duration) <= state.context.registry.slow_threshold_seconds()) return;
  metrics::SlowEvent event;
  event.unix_time = state.context.clock.UnixNow();
  event.duration_s = ToSeconds(duration);
  event.operation = operation_.name();
  state.context.slow_log.Submit(std::move(event));
}

}  // namespace pgsidecar
