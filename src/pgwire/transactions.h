#pragma once

#include <string_view>

#include "base/clock.h"
#include "pgwire/conversation.h"

namespace pgsidecar::pgwire {

/// Follows transaction blocks by the status byte of ReadyForQuery. A block that begins and ends
/// within one group never shows and is not counted.
class Transactions {
 public:
  explicit Transactions(Sink& sink) : sink_(sink) {}

  /// A command completed with this tag.
  void OnTag(std::string_view tag, bool and_chain);
  /// A statement of this group failed. A block that is open then cannot be committed: its COMMIT
  /// may be what failed.
  void OnError() { failed_ = failed_ || !boundary_; }
  /// ReadyForQuery: the group that started at `group_start` is over.
  void OnReady(char status, Nanos group_start, Nanos now);
  /// Nothing is owed any more; something is owed again.
  void OnIdle(Nanos now);
  void OnBusy(Nanos now);
  /// The session is over; an open block counts as rolled back.
  void OnEnd(Nanos now);
  /// The session is not followed any more: nothing is open, and nothing is reported.
  void Forget();

  void set_status(char status) { status_ = status; }
  char status() const { return status_; }
  Nanos start() const { return start_; }  ///< 0: no block is open.

 private:
  void Close(Nanos now, bool rolled_back);

  Sink& sink_;
  char status_ = 'I';
  Nanos start_ = 0;
  Nanos idle_since_ = 0;            ///< 0: busy, or no block is open.
  bool last_was_rollback_ = false;  ///< Of the control tags of this group.
  bool boundary_ = false;           ///< A block ended inside this group.
  bool boundary_rolled_back_ = false;
  bool failed_ = false;  ///< Something failed in this group, before a block ended.
};

}  // namespace pgsidecar::pgwire
