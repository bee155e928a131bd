// ErrorResponse: which statement failed, and which were never tried.
#include <algorithm>

#include "pgwire/conversation_impl.h"

namespace pgsidecar::pgwire {

void Conversation::Impl::OnError(const ErrorFields& fields) {
  if (fifo_.empty()) {
    sink_.OnIdleError(fields.sqlstate);
  } else {
    FailHead(fields.sqlstate);
  }
  if (!fields.fatal()) return;
  fatal_seen_ = true;
  End();
}

void Conversation::Impl::FailHead(const SqlstateText& sqlstate) {
  transactions_.OnError();
  switch (fifo_.head().awaits) {
    case Awaits::kQuery:
    case Awaits::kFunctionCall:
      return FailQuery(sqlstate);
    case Awaits::kSync:  // the commit failed
      if (!books_.FailLast(sqlstate)) sink_.OnIdleError(sqlstate);
      return;
    default:
      return FailUnit(sqlstate);
  }
}

/// The session is over for good: what the server did not get to is aborted.
void Conversation::Impl::End() {
  books_.EndGroup();
  if (const std::uint64_t aborted = DropEverything(); aborted > 0) sink_.OnAborted(aborted);
  StopDecoding(Mode::kEnded);
}

/// The statement at the head failed: it goes into the books as an error, or as a failed COPY.
void Conversation::Impl::FailRunning(const SqlstateText& sqlstate) {
  clock_.FirstReply(now_);
  if (copy_ != Copy::kNone) return CloseCopy(&sqlstate);
  Prepared identity = CurrentIdentity();
  const bool control = identity.control;
  StatementEnd end = MakeEnd(std::move(identity));
  Portal* portal = HeadIs(Awaits::kExecute) ? portals_.Find(fifo_.head().portal_name) : nullptr;
  if (portal != nullptr && portal->suspended) {
    portal->Add(end);
    portal->so_far.failed = true;
    portal->so_far.sqlstate = sqlstate;
    return ReportPortal(*portal);
  }
  end.failed = true;
  end.sqlstate = sqlstate;
  books_.Add(std::move(end), control);
}

/// The rest of the text is never run; ReadyForQuery still comes, and later messages are answered.
void Conversation::Impl::FailQuery(const SqlstateText& sqlstate) {
  const Entry& head = fifo_.head();
  if (head_failed_) return sink_.OnIdleError(sqlstate);
  const std::uint64_t left = StatementsLeft(head, true);
  if (left == 0 && head.awaits == Awaits::kFunctionCall) {  // its commit failed
    if (!books_.FailLast(sqlstate)) sink_.OnIdleError(sqlstate);
    return;
  }
  FailRunning(sqlstate);
  head_failed_ = true;
  statements_in_flight_ -= left;
  if (left > 1) sink_.OnAborted(left - 1);
}

/// The server skips everything up to the next Sync.
void Conversation::Impl::FailUnit(const SqlstateText& sqlstate) {
  FailRunning(sqlstate);
  const bool executed = HeadIs(Awaits::kExecute);
  if (executed) --statements_in_flight_;
  fifo_.pop();
  if (const std::uint64_t aborted = DropGroupRest(executed); aborted > 0) sink_.OnAborted(aborted);
  if (fifo_.empty()) {
    clock_.Pause(now_);
    transactions_.OnIdle(now_);
  } else {
    BeginStatement();
  }
}

/// Drops the entries in front of the next Sync and counts the statements among them, but for the
/// failed unit's own Execute. Without a Sync, what arrives is skipped until one comes.
std::uint64_t Conversation::Impl::DropGroupRest(bool own_execute_seen) {
  std::uint64_t aborted = 0;
  while (!fifo_.empty() && fifo_.head().awaits != Awaits::kSync) {
    const Entry& entry = fifo_.head();
    own_execute_seen = own_execute_seen || entry.unit_start;
    const std::uint64_t statements = StatementsLeft(entry, false);
    statements_in_flight_ -= statements;
    if (entry.awaits == Awaits::kExecute && !own_execute_seen) {
      own_execute_seen = true;
    } else {
      aborted += statements;
    }
    ForgetMore(entry, false);
    fifo_.pop();
  }
  if (fifo_.empty()) {
    skipping_ = true;
    skip_own_execute_ = !own_execute_seen && unit_open_;
    copy_in_open_ = false;
  }
  return aborted;
}

/// Empties the queue. Returns the statements that were neither closed nor failed.
std::uint64_t Conversation::Impl::DropEverything() {
  std::uint64_t left = 0;
  for (bool is_head = true; !fifo_.empty(); is_head = false) {
    const Entry& entry = fifo_.head();
    if (!(is_head && head_failed_)) left += StatementsLeft(entry, is_head);
    fifo_.pop();
  }
  more_.clear();
  more_first_ = 0;
  statements_in_flight_ = 0;
  cursor_ = 0;
  head_failed_ = head_answered_ = false;
  return left;
}

}  // namespace pgsidecar::pgwire
