#pragma once

#include <string>

namespace pgsidecar::metrics {

/// Appends the shortest text that reads back as `value`; `NaN`, `+Inf`, `-Inf`.
void AppendNumber(double value, std::string& out);

/// Appends a bucket bound in the one spelling that rules and Prometheus 3 use: a decimal point or
/// an exponent always (`1.0`, `0.0001`, `1e-05`, `+Inf`). OpenMetrics 1.0, Canonical Numbers.
void AppendBound(double bound, std::string& out);

}  // namespace pgsidecar::metrics
