// The client's side: messages become entries of the queue. PostgreSQL manual, "Message Flow".
#include "pgwire/bytes.h"
#include "pgwire/conversation_impl.h"

namespace pgsidecar::pgwire {
namespace {

/// Done statements that `more_` keeps before it is compacted.
constexpr std::size_t kMoreDoneMax = 1024;
constexpr std::size_t kNameBytesMax = 64;  // one more than PostgreSQL compares

NameHash TakeName(std::string_view& body) { return HashName(TakeString(body)); }

}  // namespace

void Conversation::Impl::FeedClient(std::string_view bytes, Nanos now) {
  now_ = now;
  Frame frame;
  while (decoding()) {
    switch (client_framer_.Next(bytes, frame)) {
      case Framer::Status::kFrame:
        OnFrontend(frame);
        if (fifo_.size() > limits_.fifo_entries) MakeOpaque(OpaqueReason::kFifoOverflow);
        break;
      case Framer::Status::kNeedMore:
        return;
      case Framer::Status::kUnknownType:
        return MakeOpaque(OpaqueReason::kUnknownMessage);
      case Framer::Status::kBadLength:
        return MakeOpaque(OpaqueReason::kBadLength);
    }
  }
}

void Conversation::Impl::OnFrontend(const Frame& frame) {
  if (copy_in_open_ && BreaksCopyIn(frame.type)) return Mismatch();
  switch (frame.type) {
    case 'Q':
    case 'P':
      return OnText(frame);
    case 'B':
      return PushBind(frame.body);
    case 'D':
      return PushDescribe(frame.body);
    case 'E':
      return PushExecute(frame.body);
    case 'C':
      return PushClose(frame.body);
    case 'F':
      return PushFunctionCall();
    case 'S':
      return PushSync();
    case 'c':
    case 'f':
      return PushCopyEnd();
    case 'd':
      if (!fifo_.empty()) copy_bytes_ += frame.body_bytes;
      return;
    default:  // Flush, Terminate and the answers of the authentication are owed nothing
      return;
  }
}

/// During COPY FROM STDIN the server reads any other message as a failure of the COPY and never
/// answers it.
bool Conversation::Impl::BreaksCopyIn(char type) const {
  return std::string_view("dcfHSX").find(type) == std::string_view::npos;
}

void Conversation::Impl::OnText(const Frame& frame) {
  std::string_view piece = frame.body;
  if (frame.first) {
    text_phase_ = frame.type == 'P' ? TextPhase::kName : TextPhase::kText;
    text_started_ = false;
    parse_name_.clear();
    text_result_.clear();
  }
  if (text_phase_ == TextPhase::kName) {
    const std::size_t end = piece.find('\0');
    if (parse_name_.size() < kNameBytesMax)
      parse_name_ += piece.substr(0, end).substr(0, kNameBytesMax);
    piece.remove_prefix(end == std::string_view::npos ? piece.size() : end + 1);
    if (end != std::string_view::npos) text_phase_ = TextPhase::kText;
  }
  if (text_phase_ == TextPhase::kText) {
    const std::size_t end = piece.find('\0');
    const bool complete = end != std::string_view::npos || frame.last;
    const auto statements = sink_.OnText(piece.substr(0, end), !text_started_, complete);
    text_started_ = !complete;
    if (complete) {
      text_result_.assign(statements.begin(), statements.end());
      text_phase_ = TextPhase::kRest;
    }
  }
  if (!frame.last) return;
  if (frame.type == 'P') {
    PushParse();
  } else {
    PushQuery();
  }
  text_result_.clear();
}

void Conversation::Impl::PushQuery() {
  const auto statements = static_cast<std::uint32_t>(text_result_.size());
  unit_open_ = false;
  if (skipping_) {
    skip_own_execute_ = false;
    sink_.OnAborted(std::max(statements, 1U));
    return;
  }
  Entry& entry = Push(Awaits::kQuery, true);
  entry.statements = statements;
  statements_in_flight_ += std::max(statements, 1U);
  if (statements == 0) return;
  TextStatement& first = text_result_.front();
  entry.statement = std::move(first.statement);
  entry.trace = std::move(first.trace);
  entry.control = first.control;
  entry.and_chain = first.and_chain;
  if (more_first_ == more_.size() || more_first_ > kMoreDoneMax) {
    more_.erase(more_.begin(), more_.begin() + static_cast<std::ptrdiff_t>(more_first_));
    more_first_ = 0;
  }
  more_.insert(more_.end(), text_result_.begin() + 1, text_result_.end());
}

void Conversation::Impl::PushParse() {
  sink_.OnParse();
  if (skipping_) return;
  Entry& entry = PushUnitMember(Awaits::kParse);
  entry.statement_name = HashName(parse_name_);
  if (text_result_.empty()) return;
  TextStatement& first = text_result_.front();
  entry.statement = std::move(first.statement);
  entry.trace = std::move(first.trace);
  entry.control = first.control;
  entry.and_chain = first.and_chain;
}

void Conversation::Impl::PushFunctionCall() {
  unit_open_ = false;
  if (skipping_) {
    skip_own_execute_ = false;
    sink_.OnAborted(1);
    return;
  }
  Push(Awaits::kFunctionCall, true);
  ++statements_in_flight_;
}

void Conversation::Impl::PushBind(std::string_view body) {
  if (skipping_) return;
  Entry& entry = PushUnitMember(Awaits::kBind);
  entry.portal_name = TakeName(body);
  entry.statement_name = TakeName(body);
}

void Conversation::Impl::PushDescribe(std::string_view body) {
  if (skipping_) return;
  const bool portal = !body.empty() && body.front() == 'P';
  if (!body.empty()) body.remove_prefix(1);
  Entry& entry = PushUnitMember(portal ? Awaits::kDescribePortal : Awaits::kDescribeStatement);
  (portal ? entry.portal_name : entry.statement_name) = TakeName(body);
}

void Conversation::Impl::PushClose(std::string_view body) {
  if (skipping_) return;
  const bool portal = !body.empty() && body.front() == 'P';
  if (!body.empty()) body.remove_prefix(1);
  Entry& entry = PushUnitMember(portal ? Awaits::kClosePortal : Awaits::kCloseStatement);
  (portal ? entry.portal_name : entry.statement_name) = TakeName(body);
}

void Conversation::Impl::PushExecute(std::string_view body) {
  if (skipping_) {
    if (!skip_own_execute_) sink_.OnAborted(1);
    skip_own_execute_ = false;
    return;
  }
  Entry& entry = PushUnitMember(Awaits::kExecute);
  entry.portal_name = TakeName(body);
  unit_open_ = false;
  ++statements_in_flight_;
}

void Conversation::Impl::PushSync() {
  unit_open_ = false;
  skipping_ = skip_own_execute_ = false;
  if (copy_in_open_) {
    ++swallowed_syncs_;
    return;
  }
  Push(Awaits::kSync, true);
}

void Conversation::Impl::PushCopyEnd() {
  copy_in_open_ = false;
  if (skipping_ || fifo_.empty()) return;
  Push(Awaits::kCopyEnd, false);
}

Entry& Conversation::Impl::PushUnitMember(Awaits awaits) {
  const bool unit_start = !unit_open_;
  unit_open_ = true;
  return Push(awaits, unit_start);
}

Entry& Conversation::Impl::Push(Awaits awaits, bool unit_start) {
  const bool was_idle = fifo_.empty();
  Entry& entry = fifo_.push();
  entry.awaits = awaits;
  entry.unit_start = unit_start;
  if (was_idle) {
    if (unit_start) {
      BeginStatement();
    } else {
      clock_.Resume(now_);
    }
    if (group_start_ == 0) group_start_ = now_;
    transactions_.OnBusy(now_);
  }
  return entry;
}

}  // namespace pgsidecar::pgwire
