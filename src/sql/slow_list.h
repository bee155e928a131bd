#pragma once

#include <vector>

#include "sql/place.h"

namespace pgsidecar::sql {

/// The statements with the latest slow executions, and their gauges. See docs/metrics.md. Not
/// thread-safe: called under the mutex of Places.
class SlowList {
 public:
  explicit SlowList(metrics::StatementFamilies& families) : families_(families) {}

  /// Takes note of the latest slow execution of `place`, if there is a new one. `other`: who stands
  /// for it if too many join.
  void Visit(Place& place, Place& other, Nanos unix_now);
  /// Drops those whose last slow execution is ten minutes old.
  void Expire(Nanos unix_now);

 private:
  void Show(Place& place, Nanos unix_time, Nanos duration);
  void Leave(Place& place);
  void LeaveOldest();

  metrics::StatementFamilies& families_;
  std::vector<Place*> listed_;
  Nanos minute_start_ = 0;
  int joined_ = 0;  ///< In the current minute.
};

}  // namespace pgsidecar::sql
