// The statement at the head of the queue: who it is, what it cost, and what comes after it.
#include <algorithm>

#include "pgwire/conversation_impl.h"

namespace pgsidecar::pgwire {
namespace {

Prepared IdentityOf(const Entry& entry) {
  return {entry.statement, entry.trace, entry.control, entry.and_chain, 0};
}

/// Rows of an INSERT, UPDATE, DELETE, MERGE or COPY tag; 0 for every other.
std::uint64_t RowsAffected(std::string_view tag) {
  constexpr std::string_view kVerbs[] = {"INSERT ", "UPDATE ", "DELETE ", "MERGE ", "COPY "};
  const bool counts = std::any_of(std::begin(kVerbs), std::end(kVerbs),
                                  [&](std::string_view verb) { return tag.starts_with(verb); });
  if (!counts) return 0;
  std::uint64_t rows = 0;
  for (const char c : tag.substr(tag.rfind(' ') + 1)) {
    if (c < '0' || c > '9') return 0;
    rows = rows * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return rows;
}

}  // namespace

/// Names are looked up when the reply is there: then the maps are what the server's were when it
/// answered, so the pipeline behind does not matter.
Prepared Conversation::Impl::CurrentIdentity() const {
  const Entry& head = fifo_.head();
  const auto of_portal = [&]() -> Prepared {
    const Portal* portal = portals_.Find(head.portal_name);
    return portal == nullptr ? Prepared() : portal->prepared;
  };
  switch (head.awaits) {
    case Awaits::kQuery: {
      if (cursor_ >= head.statements) return {};
      if (cursor_ == 0) return IdentityOf(head);
      const TextStatement& text = more_[more_first_];
      return {text.statement, text.trace, text.control, text.and_chain, 0};
    }
    case Awaits::kParse:
      return IdentityOf(head);
    case Awaits::kBind:
    case Awaits::kDescribeStatement:
    case Awaits::kCloseStatement:
      return prepared_.Find(head.statement_name);
    case Awaits::kExecute:
    case Awaits::kDescribePortal:
    case Awaits::kClosePortal:
      return of_portal();
    case Awaits::kFunctionCall:
    case Awaits::kSync:
    case Awaits::kCopyEnd:
    case Awaits::kSwallowed:
      return {};
  }
  return {};
}

StatementEnd Conversation::Impl::MakeEnd(Prepared identity) {
  StatementEnd end;
  end.statement = std::move(identity.statement);
  end.trace = std::move(identity.trace);
  switch (fifo_.head().awaits) {
    case Awaits::kQuery:
      end.protocol = Protocol::kSimple;
      break;
    case Awaits::kFunctionCall:
      end.protocol = Protocol::kFunctionCall;
      break;
    default:
      end.protocol = Protocol::kExtended;
  }
  end.transaction_status = transactions_.status();
  end.start = clock_.start();
  end.duration = clock_.Active(now_);
  end.first_reply = clock_.first_reply();
  end.stall = std::min(clock_.stall(), end.duration);
  end.rows_returned = rows_;
  end.reply_bytes = reply_bytes_;
  return end;
}

/// The statement at the head succeeded. `tag` is empty for EmptyQueryResponse.
void Conversation::Impl::CloseStatement(std::string_view tag) {
  clock_.FirstReply(now_);
  Prepared identity = CurrentIdentity();
  transactions_.OnTag(tag, identity.and_chain);
  if (StatementsLeft(fifo_.head(), true) > 0) --statements_in_flight_;
  if (copy_ != Copy::kNone) {
    rows_ = RowsAffected(tag);
    return CloseCopy(nullptr);
  }
  const bool control = identity.control;
  StatementEnd end = MakeEnd(std::move(identity));
  end.rows_affected = RowsAffected(tag);
  tag.copy(end.tag.data(), end.tag.size() - 1);

  Portal* portal = HeadIs(Awaits::kExecute) ? portals_.Find(fifo_.head().portal_name) : nullptr;
  if (portal != nullptr && portal->suspended) {
    portal->Add(end);
    portal->so_far.tag = end.tag;
    return ReportPortal(*portal);
  }
  books_.Add(std::move(end), control);
}

void Conversation::Impl::CloseCopy(const SqlstateText* sqlstate) {
  CopyEnd end;
  end.statement = CurrentIdentity().statement;
  end.direction = copy_ == Copy::kIn ? CopyDirection::kIn : CopyDirection::kOut;
  end.failed = sqlstate != nullptr;
  if (sqlstate != nullptr) end.sqlstate = *sqlstate;
  end.duration = clock_.Active(now_);
  end.rows = rows_;
  end.bytes = copy_bytes_;
  if (end.failed) surplus_ready_ += swallowed_syncs_;
  swallowed_syncs_ = 0;
  copy_bytes_ = 0;
  copy_ = Copy::kNone;
  copy_in_open_ = false;
  if (HeadIs(Awaits::kQuery)) DropCopyMarkers();
  sink_.OnCopy(end);
}

/// Behind a Query that goes on, the CopyDone or CopyFail of the COPY that just ended is done.
void Conversation::Impl::DropCopyMarkers() {
  for (std::size_t i = 1; i < fifo_.size(); ++i) {
    Entry& entry = fifo_.at(i);
    if (entry.awaits == Awaits::kSwallowed) continue;
    if (entry.awaits == Awaits::kCopyEnd) entry.awaits = Awaits::kSwallowed;
    return;
  }
}

/// The next statement of the Query at the head starts now.
void Conversation::Impl::AdvanceQuery() {
  if (cursor_ > 0 && cursor_ < fifo_.head().statements) more_[more_first_++] = TextStatement();
  ++cursor_;
  head_answered_ = true;
  BeginStatement();
}

void Conversation::Impl::BeginStatement() {
  clock_.Begin(now_);
  rows_ = reply_bytes_ = 0;
}

void Conversation::Impl::PopHead() {
  fifo_.pop();
  while (HeadIs(Awaits::kCopyEnd) || HeadIs(Awaits::kSwallowed)) fifo_.pop();
  if (fifo_.empty()) {
    clock_.Pause(now_);
    transactions_.OnIdle(now_);
  } else if (fifo_.head().unit_start) {
    BeginStatement();
  }
}

void Conversation::Impl::ReportPortal(Portal& portal) {
  if (!portal.suspended) return;
  portal.suspended = false;
  --suspended_portals_;
  sink_.OnStatement(portal.so_far);
}

void Conversation::Impl::ReportPortals() {
  if (suspended_portals_ == 0) return;
  portals_.ForEach([this](Portal& portal) { ReportPortal(portal); });
}

/// Statements of a Query, FunctionCall or Execute that are not closed yet.
std::uint64_t Conversation::Impl::StatementsLeft(const Entry& entry, bool is_head) const {
  switch (entry.awaits) {
    case Awaits::kQuery: {
      const std::uint32_t all = std::max(entry.statements, 1U);
      const std::uint32_t closed = is_head ? std::min(cursor_, all) : 0;
      return all - closed;
    }
    case Awaits::kFunctionCall:
      return is_head && head_answered_ ? 0 : 1;
    case Awaits::kExecute:
      return 1;
    default:
      return 0;
  }
}

/// Drops what `more_` holds for a Query that leaves the queue.
void Conversation::Impl::ForgetMore(const Entry& entry, bool is_head) {
  if (entry.awaits != Awaits::kQuery) return;
  for (std::uint32_t i = std::max(is_head ? cursor_ : 0U, 1U); i < entry.statements; ++i) {
    more_[more_first_++] = TextStatement();
  }
}

}  // namespace pgsidecar::pgwire
