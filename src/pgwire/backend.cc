// The server's side: every reply is matched against the head of the queue. A reply that the
// protocol does not allow there ends the decoding. PostgreSQL manual, "Message Flow".
#include "pgwire/bytes.h"
#include "pgwire/conversation_impl.h"

namespace pgsidecar::pgwire {

void Conversation::Impl::FeedServer(std::string_view bytes, Nanos now) {
  now_ = now;
  Frame frame;
  while (decoding()) {
    switch (server_framer_.Next(bytes, frame)) {
      case Framer::Status::kFrame:
        OnBackend(frame);
        break;
      case Framer::Status::kNeedMore:
        return books_.EndRead();
      case Framer::Status::kUnknownType:
        return MakeOpaque(OpaqueReason::kUnknownMessage);
      case Framer::Status::kBadLength:
        return MakeOpaque(OpaqueReason::kBadLength);
    }
  }
  if (mode_ == Mode::kReplication) sink_.OnReplicationBytes(bytes.size());
}

void Conversation::Impl::OnBackend(const Frame& frame) {
  switch (frame.type) {
    case 'D':
      return OnRow(frame);
    case 'd':
      copy_bytes_ += frame.body_bytes;
      return;
    case 'T':
    case 'n':
      return OnDescribed();
    case 'C':
      return OnCommandComplete(frame.body);
    case 'Z':
      return OnReady(frame.body);
    case '1':
      return OnCompleted(Awaits::kParse);
    case '2':
      return OnCompleted(Awaits::kBind);
    case '3':
      return CloseName();
    case 'E':
      return OnError(ReadErrorFields(frame.body));
    case 'I':
      return OnEmptyQuery();
    case 's':
      return OnPortalSuspended();
    case 't':
      return HeadIs(Awaits::kDescribeStatement) ? void() : Mismatch();
    case 'V':
      return OnFunctionCallResponse();
    case 'G':
      return OnCopyStart(Copy::kIn);
    case 'H':
      return OnCopyStart(Copy::kOut);
    case 'W':
      return OnCopyBoth();
    case 'c':  // end of COPY TO; CommandComplete follows
    case 'K':
      return;
    default:
      return OnAsynchronous(frame);
  }
}

/// Messages that may come at any time and answer nothing.
void Conversation::Impl::OnAsynchronous(const Frame& frame) {
  std::string_view body = frame.body;
  switch (frame.type) {
    case 'A':
      return sink_.OnNotification();
    case 'N':
      return sink_.OnNotice(ReadErrorFields(body).severity);
    case 'S': {
      const std::string_view name = TakeString(body);
      return sink_.OnParameterStatus(name, TakeString(body));
    }
    default:
      return Mismatch();
  }
}

void Conversation::Impl::OnRow(const Frame& frame) {
  if (!HeadExecutes()) return Mismatch();
  clock_.FirstReply(now_);
  ++rows_;
  reply_bytes_ += frame.body_bytes;
}

/// RowDescription or NoData. Within a Query it announces rows.
void Conversation::Impl::OnDescribed() {
  if (fifo_.empty()) return Mismatch();
  clock_.FirstReply(now_);
  if (HeadIs(Awaits::kQuery)) return;
  if (!HeadIs(Awaits::kDescribeStatement) && !HeadIs(Awaits::kDescribePortal)) return Mismatch();
  PopHead();
}

void Conversation::Impl::OnCompleted(Awaits awaited) {
  if (!HeadIs(awaited)) return Mismatch();
  if (awaited == Awaits::kParse) {
    PromotePrepared();
  } else {
    OpenPortal();
  }
  PopHead();
}

void Conversation::Impl::PromotePrepared() {
  Entry& head = fifo_.head();
  prepared_.Set(head.statement_name, {std::move(head.statement), std::move(head.trace),
                                      head.control, head.and_chain, 0});
}

void Conversation::Impl::OpenPortal() {
  const Entry& head = fifo_.head();
  if (suspended_portals_ > 0) {
    if (Portal* former = portals_.Find(head.portal_name)) ReportPortal(*former);
  }
  portals_.Set(head.portal_name, prepared_.Find(head.statement_name));
}

/// CloseComplete.
void Conversation::Impl::CloseName() {
  if (HeadIs(Awaits::kCloseStatement)) {
    prepared_.Erase(fifo_.head().statement_name);
  } else if (HeadIs(Awaits::kClosePortal)) {
    const NameHash name = fifo_.head().portal_name;
    if (Portal* portal = portals_.Find(name)) ReportPortal(*portal);
    portals_.Erase(name);
  } else {
    return Mismatch();
  }
  PopHead();
}

void Conversation::Impl::OnCommandComplete(std::string_view body) {
  if (!HeadExecutes() || head_failed_) return Mismatch();
  const std::string_view tag = TakeString(body);
  CloseStatement(tag);
  if (tag == "DEALLOCATE ALL" || tag == "DISCARD ALL") prepared_.Clear();
  if (HeadIs(Awaits::kQuery)) return AdvanceQuery();
  PopHead();
}

void Conversation::Impl::OnEmptyQuery() {
  if (!HeadExecutes() || head_failed_) return Mismatch();
  CloseStatement("");
  if (HeadIs(Awaits::kQuery)) return AdvanceQuery();
  PopHead();
}

/// An Execute reached its row limit. The statement goes on with the next Execute of the portal.
void Conversation::Impl::OnPortalSuspended() {
  if (!HeadIs(Awaits::kExecute)) return Mismatch();
  clock_.FirstReply(now_);
  --statements_in_flight_;
  Portal* portal = portals_.Find(fifo_.head().portal_name);
  Prepared identity = CurrentIdentity();
  const bool control = identity.control;
  StatementEnd segment = MakeEnd(std::move(identity));
  if (portal != nullptr && portal->suspended) {
    portal->Add(segment);
  } else if (portal != nullptr && suspended_portals_ < limits_.suspended_portals) {
    portal->suspended = true;
    portal->so_far = std::move(segment);
    ++suspended_portals_;
  } else {
    if (portal != nullptr) sink_.OnPortalOverflow();
    books_.Add(std::move(segment), control);
  }
  PopHead();
}

void Conversation::Impl::OnFunctionCallResponse() {
  if (!HeadIs(Awaits::kFunctionCall) || head_failed_ || head_answered_) return Mismatch();
  CloseStatement("CALL");
  head_answered_ = true;
}

void Conversation::Impl::OnCopyStart(Copy direction) {
  if (!HeadExecutes()) return Mismatch();
  clock_.FirstReply(now_);
  copy_ = direction;
  if (direction == Copy::kOut) return;
  // The server takes Syncs sent before the end of the data without an answer.
  for (std::size_t i = 1; i < fifo_.size(); ++i) {
    Entry& entry = fifo_.at(i);
    if (entry.awaits == Awaits::kSwallowed) continue;
    if (entry.awaits == Awaits::kCopyEnd) return;
    if (entry.awaits != Awaits::kSync) return Mismatch();
    entry.awaits = Awaits::kSwallowed;
    ++swallowed_syncs_;
  }
  copy_in_open_ = true;
}

/// Streaming replication: what follows are no statements.
void Conversation::Impl::OnCopyBoth() {
  if (!HeadExecutes()) return Mismatch();
  books_.EndGroup();
  fifo_.clear();
  more_.clear();
  more_first_ = 0;
  statements_in_flight_ = 0;
  mode_ = Mode::kReplication;
  sink_.OnReplicationStart();
}

void Conversation::Impl::OnReady(std::string_view body) {
  if (body.size() != 1) return Mismatch();
  bool answers_head = HeadIs(Awaits::kSync);
  if (HeadIs(Awaits::kQuery) || HeadIs(Awaits::kFunctionCall)) {
    answers_head = head_answered_ || head_failed_;
  }
  if (answers_head) return OnReadyForHead(body[0]);
  if (surplus_ready_ == 0) return Mismatch();
  --surplus_ready_;
  skipping_ = skip_own_execute_ = false;
  sink_.OnReadyForQuery(body[0]);
}

void Conversation::Impl::OnReadyForHead(char status) {
  books_.EndGroup();
  transactions_.OnReady(status, group_start_, now_);
  const bool query = HeadIs(Awaits::kQuery);
  if (status == 'I' || query) ReportPortals();
  if (status == 'I') portals_.Clear();
  if (query) {
    prepared_.Erase(0);
    portals_.Erase(0);
  }
  const Entry& head = fifo_.head();
  if (!head_failed_) statements_in_flight_ -= StatementsLeft(head, true);
  ForgetMore(head, true);
  cursor_ = 0;
  head_failed_ = head_answered_ = false;
  PopHead();
  group_start_ = fifo_.empty() ? 0 : now_;
  sink_.OnReadyForQuery(status);
}

}  // namespace pgsidecar::pgwire
