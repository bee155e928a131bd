#pragma once

#include <string_view>
#include <vector>

#include "metrics/registry.h"

namespace pgsidecar::metrics {

/// The label names of a declaration, in declared order.
std::vector<std::string_view> LabelNames(const Declaration& declaration);

/// `seconds` or `bytes` if the name ends so (before `_total`), else empty.
std::string_view UnitOf(std::string_view name);

/// The upper bounds of a bucket set without +Inf, ascending. Q and S hold the slow threshold too.
std::vector<double> BoundsOf(Buckets buckets, double slow_threshold_seconds);

/// The letter of a bucket set: Q, S, H, O or L; empty for none.
std::string_view Name(Buckets buckets);

}  // namespace pgsidecar::metrics
