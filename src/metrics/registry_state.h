#pragma once

#include <prometheus/family.h>
#include <prometheus/registry.h>

#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "metrics/exemplars.h"
#include "metrics/registry.h"

namespace pgsidecar::metrics {

/// One metric of the page: its declaration and the library's family, of which one is set.
struct FamilyEntry {
  Declaration declaration;
  std::vector<std::string_view> label_names;  ///< In declared order.
  prometheus::Family<prometheus::Counter>* counters = nullptr;
  prometheus::Family<prometheus::Gauge>* gauges = nullptr;
  prometheus::Family<prometheus::Histogram>* histograms = nullptr;
  /// By label values in declared order. Histograms only: they carry exemplars.
  std::map<std::vector<std::string>, std::unique_ptr<Histogram>> series;
};

struct Registry::State {
  prometheus::Registry library;  // own synchronisation

  std::mutex mutex;
  // All below guarded by mutex. Entries are never removed.
  std::map<std::string_view, FamilyEntry> families;
  std::unordered_map<const void*, FamilyEntry*> owners;  ///< Of counters and gauges.
  std::vector<std::function<void()>> refreshers;

  // Constant after construction; the instruments synchronise themselves.
  Gauge* exposition_duration = nullptr;
  Gauge* exposition_size = nullptr;
  Gauge* exposed_series = nullptr;
  Counter* internal_errors = nullptr;

  /// Requires: mutex held.
  FamilyEntry& EntryOf(const Declaration& declaration);
};

}  // namespace pgsidecar::metrics
