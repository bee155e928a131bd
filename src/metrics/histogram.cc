#include <algorithm>

#include "metrics/exemplars.h"

namespace pgsidecar::metrics {

Histogram::Histogram(prometheus::Histogram& histogram, std::vector<double> bounds)
    : histogram_(histogram),
      bounds_(std::move(bounds)),
      slots_(std::make_unique<Slots>(bounds_.size() + 1)) {}

Histogram::~Histogram() = default;

void Histogram::Observe(double value, const Exemplar& exemplar, double unix_seconds) {
  histogram_.Observe(value);
  slots_->Offer(BucketOf(value), value, exemplar, unix_seconds);
}

std::size_t Histogram::BucketOf(double value) const {
  return static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
}

}  // namespace pgsidecar::metrics
