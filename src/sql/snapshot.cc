#include <algorithm>
#include <cmath>

#include "sql/places.h"

namespace pgsidecar::sql {

// The answer to the API. The rest of Places.

namespace {

std::uint64_t Whole(double count) { return static_cast<std::uint64_t>(count); }

/// The value below which the share `q` of the observations lies, linear within its bucket. Beyond
/// the last bound that bound, as in PromQL's histogram_quantile.
double Quantile(double q, const prometheus::ClientMetric::Histogram& histogram) {
  const double rank = q * static_cast<double>(histogram.sample_count);
  double below = 0;
  double lower = 0;
  for (const auto& bucket : histogram.bucket) {
    const double upper = bucket.upper_bound;
    const auto count = static_cast<double>(bucket.cumulative_count);
    if (count >= rank && count > below) {
      if (upper > lower && std::isfinite(upper)) {
        return lower + (upper - lower) * (rank - below) / (count - below);
      }
      return lower;
    }
    below = count;
    if (std::isfinite(upper)) lower = upper;
  }
  return lower;
}

StatementRow RowOf(const Place& place) {
  metrics::StatementSeries& series = *place.own;
  const prometheus::ClientMetric::Histogram histogram = series.duration.raw().Collect().histogram;
  StatementRow row{.datname = place.datname,
                   .fingerprint = place.statement->fingerprint,
                   .operation = place.operation,
                   .summary = place.statement->summary,
                   .query = place.statement->query,
                   .calls = histogram.sample_count,
                   .errors = Whole(series.errors.Value()),
                   .slow = Whole(series.slow.Value()),
                   .rows = series.rows.load(std::memory_order_relaxed),
                   .total_seconds = histogram.sample_sum};
  if (row.calls == 0) return row;
  row.mean_seconds = row.total_seconds / static_cast<double>(row.calls);
  // No execution took longer than all together: keeps a lone slow call from showing its bucket's
  // end.
  const auto quantile = [&](double q) {
    return std::min(Quantile(q, histogram), row.total_seconds);
  };
  row.p50_seconds = quantile(0.5);
  row.p95_seconds = quantile(0.95);
  row.p99_seconds = quantile(0.99);
  return row;
}

}  // namespace

std::vector<StatementRow> Places::Snapshot() const {
  std::vector<StatementRow> rows;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [datname, other] : others_) rows.push_back(RowOf(*other));
    for (const auto& [key, place] : places_) {
      if (place->own != nullptr) rows.push_back(RowOf(*place));
    }
  }
  std::sort(rows.begin(), rows.end(), [](const StatementRow& a, const StatementRow& b) {
    return a.total_seconds > b.total_seconds;
  });
  return rows;
}

}  // namespace pgsidecar::sql
