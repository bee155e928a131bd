#include "sql/slow_list.h"

#include <algorithm>

namespace pgsidecar::sql {
namespace {

constexpr std::size_t kListMax = 50;  // Without the `other` of each database.
constexpr int kJoinsPerMinute = 10;
constexpr Nanos kMinute = 60 * kNanosPerSecond;
constexpr Nanos kKeep = 10 * kMinute;

}  // namespace

void SlowList::Visit(Place& place, Place& other, Nanos unix_now) {
  const Nanos unix_time = place.last_slow_unix.load(std::memory_order_acquire);
  if (unix_time <= place.shown_slow_unix) return;
  const Nanos duration = place.last_slow_duration.load(std::memory_order_relaxed);
  place.shown_slow_unix = unix_time;
  if (place.on_slow_list || place.is_other()) return Show(place, unix_time, duration);
  if (unix_now - minute_start_ >= kMinute || unix_now < minute_start_) {
    minute_start_ = unix_now;
    joined_ = 0;
  }
  if (joined_ == kJoinsPerMinute) {
    other.shown_slow_unix = std::max(other.shown_slow_unix, unix_time);
    return Show(other, unix_time, duration);
  }
  ++joined_;
  if (listed_.size() >= kListMax) LeaveOldest();
  Show(place, unix_time, duration);
}

void SlowList::Show(Place& place, Nanos unix_time, Nanos duration) {
  if (!place.on_slow_list) {
    place.on_slow_list = true;
    listed_.push_back(&place);
    families_.AddInfo(place.labels(), place.statement->summary, place.statement->query);
  }
  families_.SetLastSlow(place.labels(), ToSeconds(unix_time), ToSeconds(duration));
}

void SlowList::Leave(Place& place) {
  place.on_slow_list = false;
  families_.RemoveLastSlow(place.labels());
  families_.RemoveInfo(place.labels());
}

void SlowList::LeaveOldest() {
  const auto rank = [](const Place* place) {
    // `other` stays until it expires.
    return std::pair(place->is_other(), place->shown_slow_unix);
  };
  const auto oldest =
      std::min_element(listed_.begin(), listed_.end(),
                       [&](const Place* a, const Place* b) { return rank(a) < rank(b); });
  if ((*oldest)->is_other()) return;
  Leave(**oldest);
  listed_.erase(oldest);
}

void SlowList::Expire(Nanos unix_now) {
  std::erase_if(listed_, [&](Place* place) {
    if (unix_now - place->shown_slow_unix <= kKeep) return false;
    Leave(*place);
    return true;
  });
}

}  // namespace pgsidecar::sql
