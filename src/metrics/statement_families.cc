#include <cassert>
#include <map>
#include <mutex>
#include <tuple>

#include "metrics/label_value.h"
#include "metrics/recorder.h"
#include "metrics/statement_metrics.h"

namespace pgsidecar::metrics {
namespace {

/// Label values as they are printed, so that equal series have equal keys.
struct Key {
  explicit Key(const StatementLabels& labels)
      : datname(LabelValue("datname", labels.datname)),
        operation(LabelValue("operation", labels.operation)),
        fingerprint(LabelValue("fingerprint", labels.fingerprint)) {}

  auto operator<=>(const Key&) const = default;

  std::string datname, operation, fingerprint;
};

/// An info series belongs to all databases.
Key InfoKey(const StatementLabels& labels) {
  return Key({.datname = {}, .operation = labels.operation, .fingerprint = labels.fingerprint});
}

struct Info {
  Gauge* gauge = nullptr;
  std::size_t users = 0;
};

struct LastSlow {
  Gauge* moment = nullptr;
  Gauge* duration = nullptr;
};

}  // namespace

struct StatementFamilies::State {
  explicit State(Registry& the_registry) : registry(the_registry) {}

  Registry& registry;
  std::mutex mutex;
  // All below guarded by mutex.
  std::map<Key, std::unique_ptr<StatementSeries>> series;
  std::map<Key, Info> infos;
  std::map<Key, LastSlow> last_slow;
};

StatementFamilies::StatementFamilies(Registry& registry)
    : state_(std::make_unique<State>(registry)) {}

StatementFamilies::~StatementFamilies() = default;

StatementSeries& StatementFamilies::Add(const StatementLabels& labels) {
  const std::scoped_lock lock(state_->mutex);
  const Key key(labels);
  std::unique_ptr<StatementSeries>& series = state_->series[key];
  if (series == nullptr) {
    const Registry::Values values = {key.datname, key.operation, key.fingerprint};
    Registry& registry = state_->registry;
    series.reset(new StatementSeries{registry.AddHistogram(kStatementDurationSeconds, values),
                                     registry.AddCounter(kStatementErrorsTotal, values),
                                     registry.AddCounter(kStatementSlowTotal, values)});
  }
  return *series;
}

void StatementFamilies::Remove(StatementSeries& series) {
  const std::scoped_lock lock(state_->mutex);
  const auto removed = std::erase_if(state_->series, [&](const auto& item) {
    if (item.second.get() != &series) return false;
    state_->registry.Remove(series.duration);
    state_->registry.Remove(series.errors);
    state_->registry.Remove(series.slow);
    return true;
  });
  assert(removed == 1);
  static_cast<void>(removed);
}

void StatementFamilies::AddInfo(const StatementLabels& labels, std::string_view summary,
                                std::string_view query) {
  const std::scoped_lock lock(state_->mutex);
  const Key key = InfoKey(labels);
  Info& info = state_->infos[key];
  if (info.users++ > 0) return;
  info.gauge =
      &state_->registry.AddInfo(kStatementInfo, {key.fingerprint, key.operation, summary, query});
}

void StatementFamilies::RemoveInfo(const StatementLabels& labels) {
  const std::scoped_lock lock(state_->mutex);
  const auto found = state_->infos.find(InfoKey(labels));
  assert(found != state_->infos.end());
  if (--found->second.users > 0) return;
  state_->registry.Remove(*found->second.gauge);
  state_->infos.erase(found);
}

void StatementFamilies::SetLastSlow(const StatementLabels& labels, double unix_seconds,
                                    double duration_seconds) {
  const std::scoped_lock lock(state_->mutex);
  const Key key(labels);
  LastSlow& last = state_->last_slow[key];
  if (last.moment == nullptr) {
    const Registry::Values values = {key.datname, key.operation, key.fingerprint};
    last.moment = &state_->registry.AddGauge(kStatementLastSlowTimestampSeconds, values);
    last.duration = &state_->registry.AddGauge(kStatementLastSlowDurationSeconds, values);
  }
  last.moment->Set(unix_seconds);
  last.duration->Set(duration_seconds);
}

void StatementFamilies::RemoveLastSlow(const StatementLabels& labels) {
  const std::scoped_lock lock(state_->mutex);
  const auto found = state_->last_slow.find(Key(labels));
  if (found == state_->last_slow.end()) return;
  state_->registry.Remove(*found->second.moment);
  state_->registry.Remove(*found->second.duration);
  state_->last_slow.erase(found);
}

}  // namespace pgsidecar::metrics
