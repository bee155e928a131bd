#pragma once

#include <optional>
#include <vector>

#include "pgwire/conversation.h"

namespace pgsidecar::pgwire {

/// The closed statements of the current group that were not reported yet.
///
/// PostgreSQL holds replies back until its buffer is full or the group ends, so closing replies
/// that come in one read tell the time of all together: a shared set, divided equally over its data
/// statements. And a success in the extended protocol is provisional: the commit happens at Sync
/// and may still fail, which makes the group's last statement the failed one.
class GroupBooks {
 public:
  explicit GroupBooks(Sink& sink) : sink_(sink) {}

  void Add(StatementEnd end, bool control);
  /// The last closed statement of the group failed after all. False if there is none.
  bool FailLast(const SqlstateText& sqlstate);
  /// The end of a read: reports what is certain.
  void EndRead();
  /// The end of a group: reports everything.
  void EndGroup();
  /// Reports nothing of what is here.
  void Forget();

 private:
  void ShareOut();
  void ReportProvisional();

  Sink& sink_;
  std::vector<StatementEnd> set_;
  std::vector<bool> control_;  ///< For each of set_: it costs the server nothing.
  std::optional<StatementEnd> provisional_;
};

}  // namespace pgsidecar::pgwire
