#include "metrics/series_limit.h"

#include <algorithm>

#include "metrics/declaration.h"
#include "metrics/sqlstate_counters.h"
#include "metrics/statement_metrics.h"

namespace pgsidecar::metrics {
namespace {

constexpr std::size_t kClosedSetMax = 12;

std::size_t ValuesMax(std::string_view label, const SeriesCaps& caps) {
  if (label == "datname") return caps.databases + 1;
  if (label == "command") return kCommandCount;
  if (label == "error_class") return kErrorClassCount;
  if (label == "sqlstate") return SqlstateCounters::kCodesMax + 1;
  if (label == "operation") return caps.operations + 2;
  if (label == "cache" || label == "store" || label == "pool") return 2;
  return kClosedSetMax;
}

std::size_t StatementLabelSets(const Declaration& declaration, const SeriesCaps& caps) {
  const std::size_t others = caps.databases + 1;
  const std::size_t admitted = caps.statements + caps.statements_in_grace;
  if (declaration.type == Type::kInfo) return admitted + caps.slow_list + 1;
  const bool slow_list = declaration.name == kStatementLastSlowTimestampSeconds.name ||
                         declaration.name == kStatementLastSlowDurationSeconds.name;
  return (slow_list ? caps.slow_list : admitted) + others;
}

std::size_t LabelSets(const Declaration& declaration, const SeriesCaps& caps) {
  const std::vector<std::string_view> labels = LabelNames(declaration);
  if (std::ranges::find(labels, "fingerprint") != labels.end()) {
    return StatementLabelSets(declaration, caps);
  }
  if (declaration.type == Type::kInfo) return 1;
  std::size_t sets = 1;
  for (const std::string_view label : labels) sets *= ValuesMax(label, caps);
  return sets;
}

}  // namespace

std::size_t SeriesLimit(const std::vector<Declaration>& declarations, const SeriesCaps& caps) {
  std::size_t series = 0;
  for (const Declaration& declaration : declarations) {
    const std::size_t bounds = BoundsOf(declaration.buckets, caps.slow_threshold_seconds).size();
    const std::size_t samples = declaration.type == Type::kHistogram ? bounds + 3 : 1;
    series += LabelSets(declaration, caps) * samples;
  }
  return series;
}

}  // namespace pgsidecar::metrics
