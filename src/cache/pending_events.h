#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "cache/event.h"
#include "cache/store.h"

namespace pgsidecar::cache {

/// An event, and the calls of Publish that it stands for.
struct PendingEvent {
  Event event = {};
  std::vector<Tickets> tickets = {};  ///< Runs, ascending.
  bool owed = false;                  ///< See PendingEvents::Owe.
};

/// Events that the log has not confirmed yet. Equal ones that wait are one; the first goes at once,
/// the next not before 10 ms are over. Beyond 10,000 they become one clear of everything:
/// forgetting costs misses, never truth. Not synchronised.
class PendingEvents {
 public:
  static constexpr std::size_t kMax = 10'000;
  /// Runs of tickets in all; an outage with two events in turn makes one for each.
  static constexpr std::size_t kRunsMax = 8 * kMax;
  static constexpr Nanos kSpacing = kNanosPerSecond / 100;

  /// Tickets grow from call to call. False if there is no room: Collapse is needed first.
  [[nodiscard]] bool Push(const Event& event, std::uint64_t ticket, Nanos now);
  /// The oldest that may be sent now; it is in flight until Confirm or Return.
  std::optional<PendingEvent> Take(Nanos now);
  /// The log has it.
  void Confirm(const PendingEvent& event);
  /// Whether the log has it is not known: it waits again.
  void Return(PendingEvent event);
  /// When Take has something again. Requires: it has nothing now. Nothing if nothing waits.
  std::optional<Nanos> NextDue() const;

  /// Puts one clear in the place of all that waits. Requires: nothing is in flight.
  void Collapse();

  /// What waits now has to be confirmed before Redis is read again.
  void Owe();
  /// How many of those are not confirmed yet.
  std::size_t owed() const { return owed_; }

  std::size_t in_flight() const { return in_flight_; }
  std::size_t waiting() const { return ready_.size() + delayed_.size(); }
  /// Waiting or in flight.
  std::size_t size() const { return waiting() + in_flight_; }

 private:
  struct Waiting {
    PendingEvent event;
    std::string name;
    Nanos due;
  };
  using List = std::list<Waiting>;

  /// What has become due goes where Take looks.
  void Ripen(Nanos now);
  void Forget(Nanos now);

  List ready_;
  List delayed_;
  std::unordered_map<std::string, List::iterator> by_name_;  ///< Of both lists.
  std::unordered_map<std::string, Nanos> sent_;              ///< When a name was sent last.
  std::size_t in_flight_ = 0;
  std::size_t owed_ = 0;
  std::size_t runs_ = 0;  ///< Of what waits and is in flight.
};

}  // namespace pgsidecar::cache
