#pragma once

#include "base/clock.h"

namespace pgsidecar::pgwire {

/// Measures the active time of the statement at the head of the queue: time with a reply owed.
/// While nothing is owed (after a Flush, between two Executes of a portal) the time is the
/// client's.
class StatementClock {
 public:
  /// A new statement starts to cost the server time.
  void Begin(Nanos now) {
    start_ = segment_ = now;
    accumulated_ = stall_ = 0;
    first_reply_ = kNever;
  }
  void Resume(Nanos now) { segment_ = now; }
  void Pause(Nanos now) {
    if (segment_ == kNever) return;
    accumulated_ += now - segment_;
    segment_ = kNever;
  }
  void FirstReply(Nanos now) {
    if (first_reply_ == kNever) first_reply_ = Active(now);
  }
  void AddStall(Nanos duration) { stall_ += duration; }

  Nanos Active(Nanos now) const { return accumulated_ + (segment_ == kNever ? 0 : now - segment_); }
  Nanos start() const { return start_; }
  Nanos first_reply() const { return first_reply_; }
  Nanos stall() const { return stall_; }

 private:
  static constexpr Nanos kNever = -1;

  Nanos start_ = 0;
  Nanos segment_ = kNever;  ///< Start of the running segment.
  Nanos accumulated_ = 0;
  Nanos first_reply_ = kNever;
  Nanos stall_ = 0;
};

}  // namespace pgsidecar::pgwire
