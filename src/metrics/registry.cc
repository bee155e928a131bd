#include "metrics/registry.h"

#include <algorithm>
#include <cassert>

#include "metrics/declaration.h"
#include "metrics/label_value.h"
#include "metrics/registry_state.h"
#include "metrics/self_metrics.h"

namespace pgsidecar::metrics {
namespace {

void CreateFamily(FamilyEntry& entry, prometheus::Registry& library) {
  const std::string name(entry.declaration.name);
  const std::string help(entry.declaration.help);
  switch (entry.declaration.type) {
    case Type::kCounter:
      entry.counters = &prometheus::BuildCounter().Name(name).Help(help).Register(library);
      break;
    case Type::kGauge:
    case Type::kInfo:
      entry.gauges = &prometheus::BuildGauge().Name(name).Help(help).Register(library);
      break;
    case Type::kHistogram:
      entry.histograms = &prometheus::BuildHistogram().Name(name).Help(help).Register(library);
      break;
  }
}

std::vector<std::string> CleanValues(const FamilyEntry& entry, Registry::Values values) {
  assert(values.size() == entry.label_names.size());
  std::vector<std::string> clean;
  clean.reserve(values.size());
  for (const std::string_view value : values) {
    clean.push_back(LabelValue(entry.label_names[clean.size()], value));
  }
  return clean;
}

prometheus::Labels ToLabels(const FamilyEntry& entry, const std::vector<std::string>& values) {
  prometheus::Labels labels;
  for (std::size_t i = 0; i < values.size(); ++i) {
    labels.emplace(entry.label_names[i], values[i]);
  }
  return labels;
}

}  // namespace

FamilyEntry& Registry::State::EntryOf(const Declaration& declaration) {
  const auto [position, added] = families.try_emplace(declaration.name);
  FamilyEntry& entry = position->second;
  if (added) {
    entry.declaration = declaration;
    entry.label_names = LabelNames(declaration);
    CreateFamily(entry, library);
  }
  assert(entry.declaration.type == declaration.type);
  return entry;
}

Registry::Registry(double slow_threshold_seconds)
    : slow_threshold_seconds_(slow_threshold_seconds), state_(std::make_unique<State>()) {
  state_->exposition_duration = &AddGauge(kExpositionDurationSeconds);
  state_->exposition_size = &AddGauge(kExpositionSizeBytes);
  state_->exposed_series = &AddGauge(kExposedSeries);
  for (const std::string_view component : kComponents) {
    AddCounter(kInternalErrorsTotal, {component});
  }
  state_->internal_errors = &AddCounter(kInternalErrorsTotal, {"metrics"});
}

Registry::~Registry() = default;

Counter& Registry::AddCounter(const Declaration& declaration, Values values) {
  assert(declaration.type == Type::kCounter);
  const std::scoped_lock lock(state_->mutex);
  FamilyEntry& entry = state_->EntryOf(declaration);
  Counter& counter = entry.counters->Add(ToLabels(entry, CleanValues(entry, values)));
  state_->owners.insert_or_assign(&counter, &entry);
  return counter;
}

Gauge& Registry::AddGauge(const Declaration& declaration, Values values) {
  assert(declaration.type == Type::kGauge || declaration.type == Type::kInfo);
  const std::scoped_lock lock(state_->mutex);
  FamilyEntry& entry = state_->EntryOf(declaration);
  Gauge& gauge = entry.gauges->Add(ToLabels(entry, CleanValues(entry, values)));
  state_->owners.insert_or_assign(&gauge, &entry);
  return gauge;
}

Histogram& Registry::AddHistogram(const Declaration& declaration, Values values) {
  assert(declaration.type == Type::kHistogram);
  const std::scoped_lock lock(state_->mutex);
  FamilyEntry& entry = state_->EntryOf(declaration);
  std::vector<std::string> clean = CleanValues(entry, values);
  const auto found = entry.series.find(clean);
  if (found != entry.series.end()) return *found->second;
  std::vector<double> bounds = BoundsOf(declaration.buckets, slow_threshold_seconds_);
  prometheus::Histogram& raw = entry.histograms->Add(ToLabels(entry, clean), bounds);
  auto histogram = std::make_unique<Histogram>(raw, std::move(bounds));
  return *entry.series.emplace(std::move(clean), std::move(histogram)).first->second;
}

Gauge& Registry::AddInfo(const Declaration& declaration, Values values) {
  assert(declaration.type == Type::kInfo);
  Gauge& gauge = AddGauge(declaration, values);
  gauge.Set(1);
  return gauge;
}

void Registry::BeforeCollect(std::function<void()> refresh) {
  const std::scoped_lock lock(state_->mutex);
  state_->refreshers.push_back(std::move(refresh));
}

void Registry::Remove(Counter& counter) {
  const std::scoped_lock lock(state_->mutex);
  const auto owner = state_->owners.extract(&counter);
  assert(!owner.empty());
  owner.mapped()->counters->Remove(&counter);
}

void Registry::Remove(Gauge& gauge) {
  const std::scoped_lock lock(state_->mutex);
  const auto owner = state_->owners.extract(&gauge);
  assert(!owner.empty());
  owner.mapped()->gauges->Remove(&gauge);
}

void Registry::Remove(Histogram& histogram) {
  const std::scoped_lock lock(state_->mutex);
  for (auto& [name, entry] : state_->families) {
    const auto found = std::ranges::find_if(
        entry.series, [&](const auto& series) { return series.second.get() == &histogram; });
    if (found == entry.series.end()) continue;
    entry.histograms->Remove(&histogram.raw());
    entry.series.erase(found);
    return;
  }
  assert(false && "not a histogram of this registry");
}

}  // namespace pgsidecar::metrics
