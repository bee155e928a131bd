#pragma once

#include <vector>

#include "metrics/exposition.h"

namespace pgsidecar::app {

/// Every metric this program can expose, by the part that feeds it: docs/metrics.md.
std::vector<metrics::Section> MetricSections();

/// The same without sections.
std::vector<metrics::Declaration> AllDeclarations();

}  // namespace pgsidecar::app
