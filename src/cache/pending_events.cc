#include "cache/pending_events.h"

#include <algorithm>
#include <utility>

namespace pgsidecar::cache {
namespace {

constexpr std::size_t kSentMax = 4096;

/// Equal for equal events only.
std::string NameOf(const Event& event) {
  std::string name(1, static_cast<char>('0' + static_cast<int>(event.kind)));
  name += static_cast<char>('0' + event.doors.bits());
  return name + std::to_string(event.hash) + ":" + event.pattern;
}

/// Adds runs that may lie before, between and behind those that are there.
void Join(std::vector<Tickets>& into, const std::vector<Tickets>& runs) {
  into.insert(into.end(), runs.begin(), runs.end());
  std::sort(into.begin(), into.end(),
            [](const Tickets& a, const Tickets& b) { return a.first < b.first; });
  std::vector<Tickets> joined;
  for (const Tickets& each : into) {
    if (!joined.empty() && each.first <= joined.back().last + 1) {
      joined.back().last = std::max(joined.back().last, each.last);
    } else {
      joined.push_back(each);
    }
  }
  into = std::move(joined);
}

}  // namespace

bool PendingEvents::Push(const Event& event, std::uint64_t ticket, Nanos now) {
  std::string name = NameOf(event);
  const auto same = by_name_.find(name);
  if (same != by_name_.end()) {
    std::vector<Tickets>& runs = same->second->event.tickets;
    if (!runs.empty() && runs.back().last + 1 == ticket) {
      runs.back().last = ticket;
      return true;
    }
    if (runs_ >= kRunsMax) return false;
    ++runs_;
    runs.push_back({.first = ticket, .last = ticket});
    return true;
  }
  if (size() >= kMax || runs_ >= kRunsMax) return false;
  const auto sent = sent_.find(name);
  const Nanos due = sent == sent_.end() ? now : std::max(now, sent->second + kSpacing);
  List& list = due > now ? delayed_ : ready_;
  PendingEvent pending{.event = event, .tickets = {{.first = ticket, .last = ticket}}};
  list.push_back({.event = std::move(pending), .name = name, .due = due});
  by_name_.emplace(std::move(name), std::prev(list.end()));
  ++runs_;
  return true;
}

std::optional<PendingEvent> PendingEvents::Take(Nanos now) {
  Ripen(now);
  if (ready_.empty()) return std::nullopt;
  Waiting next = std::move(ready_.front());
  ready_.pop_front();
  by_name_.erase(next.name);
  if (sent_.size() >= kSentMax) Forget(now);
  sent_[std::move(next.name)] = now;
  ++in_flight_;
  return std::move(next.event);
}

void PendingEvents::Confirm(const PendingEvent& event) {
  --in_flight_;
  runs_ -= event.tickets.size();
  if (event.owed) --owed_;
}

void PendingEvents::Return(PendingEvent event) {
  --in_flight_;
  std::string name = NameOf(event.event);
  const auto same = by_name_.find(name);
  if (same == by_name_.end()) {
    ready_.push_front({.event = std::move(event), .name = name, .due = 0});
    by_name_.emplace(std::move(name), ready_.begin());
    return;
  }
  PendingEvent& into = same->second->event;
  const std::size_t before = into.tickets.size() + event.tickets.size();
  Join(into.tickets, event.tickets);
  runs_ -= before - into.tickets.size();
  if (event.owed && into.owed) --owed_;
  into.owed = into.owed || event.owed;
}

std::optional<Nanos> PendingEvents::NextDue() const {
  const auto first = std::min_element(delayed_.begin(), delayed_.end(),
                                      [](const auto& a, const auto& b) { return a.due < b.due; });
  if (first == delayed_.end()) return std::nullopt;
  return first->due;
}

void PendingEvents::Collapse() {
  std::vector<Tickets> all;
  for (const List* list : {&ready_, &delayed_}) {
    for (const Waiting& each : *list) {
      all.insert(all.end(), each.event.tickets.begin(), each.event.tickets.end());
    }
  }
  // Together they have hardly a gap: most of what was published waits.
  Join(all, {});
  ready_.clear();
  delayed_.clear();
  by_name_.clear();
  owed_ = 0;
  runs_ = all.size();
  PendingEvent clear{.event = {.kind = EventKind::kAll}, .tickets = std::move(all)};
  std::string name = NameOf(clear.event);
  ready_.push_back({.event = std::move(clear), .name = name, .due = 0});
  by_name_.emplace(std::move(name), ready_.begin());
}

void PendingEvents::Owe() {
  for (List* list : {&ready_, &delayed_}) {
    for (Waiting& each : *list) {
      if (!each.event.owed) ++owed_;
      each.event.owed = true;
    }
  }
}

void PendingEvents::Ripen(Nanos now) {
  for (auto each = delayed_.begin(); each != delayed_.end();) {
    const auto next = std::next(each);
    // Its iterator stays good, and with it the index.
    if (each->due <= now) ready_.splice(ready_.end(), delayed_, each);
    each = next;
  }
}

void PendingEvents::Forget(Nanos now) {
  std::erase_if(sent_, [&](const auto& each) { return each.second + kSpacing <= now; });
  // More than can be remembered within 10 ms: those go out without spacing.
  if (sent_.size() >= kSentMax) sent_.clear();
}

}  // namespace pgsidecar::cache
