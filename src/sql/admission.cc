#include <algorithm>

#include "sql/places.h"

namespace pgsidecar::sql {

// Which statements have series of their own. The rest of Places.

namespace {

constexpr Nanos kWindow = 60 * kNanosPerSecond;
constexpr Nanos kTenure = 10 * kWindow;  // For how long an incumbent stays at least.
constexpr std::uint32_t kWindowsToWin = 3;
constexpr double kLeadToWin = 2;
constexpr double kSecondsPerCall = 0.001;

/// What a statement cost since the start of the window: busy seconds, and a bit for each call.
double TakeWeight(Place& place) {
  const std::uint64_t calls = place.calls.load(std::memory_order_relaxed);
  const Nanos busy = place.busy.load(std::memory_order_relaxed);
  const double weight = ToSeconds(busy - place.window_busy) +
                        kSecondsPerCall * static_cast<double>(calls - place.window_calls);
  place.window_calls = calls;
  place.window_busy = busy;
  return weight;
}

}  // namespace

void Places::Admit(Place& place, Nanos now) {
  if (place.own == nullptr) {
    place.own = &families_.Add(place.labels());
    families_.AddInfo(place.labels(), place.statement->summary, place.statement->query);
  }
  place.frozen_until = 0;
  place.admitted_at = now;
  place.heavy_windows = 0;
  place.series.store(place.own, std::memory_order_release);
  if (!place.pinned) ++tracked_;
  instruments_.tracked.Set(tracked_);
  instruments_.admissions.Increment();
}

/// Loops that have read the pointer just now still count in the series; they are long done when it
/// is removed, at the end of the grace.
void Places::Evict(Place& place, Nanos now) {
  place.series.store(place.other, std::memory_order_release);
  place.frozen_until = now + grace_;
  --tracked_;
  instruments_.tracked.Set(tracked_);
  instruments_.evictions.Increment();
}

void Places::RemoveSeries(Place& place) {
  families_.RemoveInfo(place.labels());
  families_.Remove(*place.own);
  place.own = nullptr;
  place.frozen_until = 0;
}

void Places::Maintain() {
  const std::scoped_lock lock(mutex_);
  const Nanos now = clock_.Now();
  VisitSlow();
  AdmitWaiting(now);
  if (now - window_start_ >= kWindow) {
    window_start_ = now;
    Compete(now);
  }
  Forget(now);
}

void Places::AdmitWaiting(Nanos now) {
  for (auto& [key, place] : places_) {
    if (place->admitted() || !place->proven.load(std::memory_order_relaxed)) continue;
    if (place->pinned || HasFreePlace()) Admit(*place, now);
  }
}

/// One window is over: the heaviest newcomer may take the place of the weakest incumbent.
void Places::Compete(Nanos now) {
  struct Contender {
    Place* place = nullptr;
    double weight = 0;
  };
  Contender weakest;
  std::vector<Contender> newcomers;
  for (auto& [key, place] : places_) {
    const double weight = TakeWeight(*place);
    if (place->pinned) continue;
    if (!place->admitted()) {
      newcomers.push_back({place.get(), weight});
    } else if (now - place->admitted_at >= kTenure &&
               (weakest.place == nullptr || weight < weakest.weight)) {
      weakest = {place.get(), weight};
    }
  }
  Contender winner;
  for (const Contender& newcomer : newcomers) {
    const bool heavy = weakest.place != nullptr && newcomer.weight > 0 &&
                       newcomer.weight >= kLeadToWin * weakest.weight;
    std::uint32_t& windows = newcomer.place->heavy_windows;
    windows = heavy ? windows + 1 : 0;
    if (windows >= kWindowsToWin && newcomer.weight > winner.weight) winner = newcomer;
  }
  if (winner.place == nullptr) return;
  Evict(*weakest.place, now);
  Admit(*winner.place, now);
}

void Places::VisitSlow() {
  const Nanos unix_now = clock_.UnixNow();
  for (auto& [datname, other] : others_) slow_list_.Visit(*other, *other, unix_now);
  for (auto& [key, place] : places_) {
    slow_list_.Visit(*place, *others_.find(place->datname)->second, unix_now);
  }
  slow_list_.Expire(unix_now);
}

void Places::Forget(Nanos now) {
  for (auto& [key, place] : places_) {
    if (place->frozen_until != 0 && now >= place->frozen_until) RemoveSeries(*place);
  }
  std::erase_if(places_, [&](auto& item) {
    Place& place = *item.second;
    if (place.own != nullptr || place.on_slow_list) return false;
    if (place.cells.load(std::memory_order_acquire) != 0) return false;
    --place.statement->places;
    return true;
  });
  std::erase_if(statements_, [&](auto& item) {
    if (item.second->places != 0) return false;
    text_bytes_ -= item.second->query.size();
    return true;
  });
}

}  // namespace pgsidecar::sql
