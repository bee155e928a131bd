#pragma once

#include <cstddef>
#include <vector>

#include "metrics/recorder.h"
#include "metrics/registry.h"

namespace pgsidecar::metrics {

/// Bounds of the label sets that depend on traffic.
struct SeriesCaps {
  std::size_t databases = Recorder::kDatabasesMax;  ///< Beside `other`.
  std::size_t statements = 200;          ///< With series of their own, configured ones included.
  std::size_t statements_in_grace = 10;  ///< Evicted, their series not yet removed.
  std::size_t slow_list = 50;            ///< Places of the slow list.
  std::size_t operations = 0;            ///< Named operations, beside `other` and our own.
  double slow_threshold_seconds = 1;     ///< May add a bucket to the sets Q and S.
};

/// The most samples that a page of these declarations can have: for each declaration
///
///   label sets x (bounds + 3 for a histogram, 1 for all others)
///
/// where the label sets are the product over its labels of: databases + 1 (`datname`), 11
/// (`command`), 14 (`error_class`), 65 (`sqlstate`), and 2 (`cache`, `store`, `pool`), operations +
/// 2 (`operation`), and 12, the largest closed set, for any other. Families by `fingerprint` are
/// bounded as a whole: statements + statements_in_grace + databases + 1, the slow list's gauges by
/// slow_list + databases + 1, the info by statements + statements_in_grace + slow_list + 1. Any
/// other info metric is one series at a time.
std::size_t SeriesLimit(const std::vector<Declaration>& declarations, const SeriesCaps& caps);

}  // namespace pgsidecar::metrics
