#include "metrics/sqlstate_counters.h"

#include <algorithm>

namespace pgsidecar::metrics {

SqlstateCounters::SqlstateCounters(Registry& registry, const Declaration& declaration,
                                   std::string first_value)
    : registry_(registry),
      declaration_(declaration),
      first_value_(std::move(first_value)),
      unknown_(Add("unknown")),
      other_(Add("other")) {}

void SqlstateCounters::Increment(std::string_view sqlstate) { Find(sqlstate).Increment(); }

Counter& SqlstateCounters::Add(std::string_view sqlstate) {
  if (first_value_.empty()) return registry_.AddCounter(declaration_, {sqlstate});
  return registry_.AddCounter(declaration_, {first_value_, sqlstate});
}

Counter& SqlstateCounters::Find(std::string_view sqlstate) {
  if (!IsSqlstate(sqlstate)) return unknown_;
  const std::scoped_lock lock(mutex_);
  auto* const end = places_.begin() + used_;
  auto* const found =
      std::find_if(places_.begin(), end, [&](const Place& p) { return View(p.code) == sqlstate; });
  if (found != end) return *found->counter;
  if (used_ == places_.size()) return other_;
  Place& place = places_[used_];
  std::ranges::copy(sqlstate, place.code.begin());
  place.counter = &Add(sqlstate);
  ++used_;
  return *place.counter;
}

}  // namespace pgsidecar::metrics
