#include "metrics/recorder.h"

#include <map>
#include <mutex>

#include "metrics/label_value.h"
#include "metrics/query_metrics.h"

namespace pgsidecar::metrics {
namespace {

constexpr std::string_view kOther = "other";

}  // namespace

struct Recorder::State {
  explicit State(Registry& the_registry) : registry(the_registry), other(the_registry, kOther) {}

  Registry& registry;
  DatabaseRecorder other;
  std::mutex mutex;
  /// By label value: two names that are printed alike share their books.
  std::map<std::string, DatabaseRecorder, std::less<>> databases;  // guarded by mutex
};

Recorder::Recorder(Registry& registry) : state_(std::make_unique<State>(registry)) {
  registry.AddGauge(kSlowQueryThresholdSeconds).Set(registry.slow_threshold_seconds());
}

Recorder::~Recorder() = default;

DatabaseRecorder& Recorder::Database(std::string_view datname) {
  const std::string name = LabelValue("datname", datname);
  if (name == kOther) return state_->other;
  const std::scoped_lock lock(state_->mutex);
  const auto found = state_->databases.find(name);
  if (found != state_->databases.end()) return found->second;
  if (state_->databases.size() == kDatabasesMax) return state_->other;
  return state_->databases
      .emplace(std::piecewise_construct, std::forward_as_tuple(name),
               std::forward_as_tuple(state_->registry, name))
      .first->second;
}

}  // namespace pgsidecar::metrics
