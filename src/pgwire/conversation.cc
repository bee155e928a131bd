#include "pgwire/conversation.h"

#include "pgwire/conversation_impl.h"

namespace pgsidecar::pgwire {
namespace {

/// connection_failure, for a statement whose server went away.
constexpr SqlstateText kConnectionFailure = {'0', '8', '0', '0', '6', '\0'};

/// A group is searched this far for the statement that names it.
constexpr std::size_t kRunningSearchMax = 64;

}  // namespace

Conversation::Impl::Impl(Sink& sink, const ConversationLimits& limits, bool replication)
    : sink_(sink),
      limits_(limits),
      mode_(replication ? Mode::kReplication : Mode::kDecoding),
      prepared_(limits.named_statements),
      portals_(limits.named_statements),
      books_(sink),
      transactions_(sink) {}

void Conversation::Impl::LoginDone(char status, Nanos now) {
  now_ = now;
  transactions_.set_status(status);
  if (mode_ == Mode::kReplication) return sink_.OnReplicationStart();
  if (fifo_.empty()) return;
  BeginStatement();
  group_start_ = now;
}

void Conversation::Impl::CloseByServer(Nanos now) {
  if (!decoding()) return;
  now_ = now;
  if (!fifo_.empty()) FailHead(kConnectionFailure);
  End();
}

void Conversation::Impl::CloseByClient(Nanos now) {
  if (!decoding()) return;
  now_ = now;
  AbandonAll();
  StopDecoding(Mode::kEnded);
}

void Conversation::Impl::MakeOpaque(OpaqueReason reason) {
  if (!decoding()) return;
  AbandonAll();
  StopDecoding(Mode::kOpaque);
  sink_.OnOpaque(reason);
}

void Conversation::Impl::AbandonAll() {
  books_.EndGroup();
  if (const std::uint64_t left = DropEverything(); left > 0) sink_.OnAbandoned(left);
}

void Conversation::Impl::StopDecoding(Mode mode) {
  if (text_started_) sink_.OnTextAborted();
  text_started_ = false;
  ReportPortals();
  portals_.Clear();
  prepared_.Clear();
  transactions_.OnEnd(now_);
  copy_ = Copy::kNone;
  mode_ = mode;
}

std::uint64_t Conversation::Impl::GiveUp() noexcept {
  const std::uint64_t left = DropEverything();
  text_started_ = false;
  suspended_portals_ = 0;
  portals_.Clear();
  prepared_.Clear();
  books_.Forget();
  transactions_.Forget();
  copy_ = Copy::kNone;
  mode_ = Mode::kOpaque;
  return left;
}

void Conversation::Impl::AddStall(Nanos duration) {
  if (!fifo_.empty()) clock_.AddStall(duration);
}

SessionState Conversation::Impl::state() const {
  switch (mode_) {
    case Mode::kOpaque:
      return SessionState::kOpaque;
    case Mode::kReplication:
      return SessionState::kReplication;
    case Mode::kDecoding:
    case Mode::kEnded:
      break;
  }
  if (copy_ != Copy::kNone) return SessionState::kCopy;
  if (!fifo_.empty()) return SessionState::kActive;
  switch (transactions_.status()) {
    case 'T':
      return SessionState::kIdleInTransaction;
    case 'E':
      return SessionState::kIdleInFailedTransaction;
    default:
      return SessionState::kIdle;
  }
}

/// The first statement of the group at the head that costs the server something, else the first.
std::optional<RunningStatement> Conversation::Impl::running() const {
  if (fifo_.empty() || statements_in_flight_ == 0 || copy_ != Copy::kNone) return std::nullopt;
  RunningStatement running;
  running.start = clock_.start();
  const Entry& head = fifo_.head();
  running.protocol = head.awaits == Awaits::kQuery          ? Protocol::kSimple
                     : head.awaits == Awaits::kFunctionCall ? Protocol::kFunctionCall
                                                            : Protocol::kExtended;
  Prepared current = CurrentIdentity();
  const std::size_t end = std::min(fifo_.size(), kRunningSearchMax);
  for (std::size_t i = 1; i < end && (!current.statement || current.control); ++i) {
    const Entry& entry = fifo_.at(i);
    if (entry.awaits == Awaits::kSync || entry.awaits == Awaits::kQuery) break;
    Prepared next;
    if (entry.awaits == Awaits::kParse) {
      next = {entry.statement, entry.trace, entry.control, entry.and_chain, 0};
    } else if (entry.awaits == Awaits::kBind) {
      next = prepared_.Find(entry.statement_name);
    }
    if (next.statement && (!current.statement || !next.control)) current = next;
  }
  if (head.awaits == Awaits::kQuery && current.control) {
    for (std::size_t i = more_first_; i < more_.size() && i - more_first_ + 1 < head.statements;
         ++i) {
      if (more_[i].control) continue;
      current.statement = more_[i].statement;
      break;
    }
  }
  running.statement = current.statement;
  running.trace = current.trace;
  return running;
}

std::size_t Conversation::Impl::memory_bytes() const {
  return sizeof(*this) + fifo_.memory_bytes() + more_.capacity() * sizeof(TextStatement) +
         prepared_.memory_bytes() + portals_.memory_bytes();
}

Conversation::Conversation(Sink& sink, const ConversationLimits& limits, bool replication)
    : impl_(std::make_unique<Impl>(sink, limits, replication)) {}
Conversation::~Conversation() = default;

void Conversation::FeedClient(std::string_view bytes, Nanos now) { impl_->FeedClient(bytes, now); }
void Conversation::FeedServer(std::string_view bytes, Nanos now) { impl_->FeedServer(bytes, now); }
void Conversation::LoginDone(char status, Nanos now) { impl_->LoginDone(status, now); }
void Conversation::CloseByServer(Nanos now) { impl_->CloseByServer(now); }
void Conversation::CloseByClient(Nanos now) { impl_->CloseByClient(now); }
void Conversation::MakeOpaque(OpaqueReason reason) { impl_->MakeOpaque(reason); }
std::uint64_t Conversation::GiveUp() noexcept { return impl_->GiveUp(); }
void Conversation::Ignore() { impl_->StopDecoding(Impl::Mode::kOpaque); }
void Conversation::AddStall(Nanos duration) { impl_->AddStall(duration); }

SessionState Conversation::state() const { return impl_->state(); }
bool Conversation::opaque() const { return impl_->mode_ == Impl::Mode::kOpaque; }
char Conversation::transaction_status() const { return impl_->transactions_.status(); }
Nanos Conversation::transaction_start() const { return impl_->transactions_.start(); }
bool Conversation::in_flight() const { return !impl_->fifo_.empty(); }
std::uint64_t Conversation::statements_in_flight() const { return impl_->statements_in_flight_; }
std::optional<RunningStatement> Conversation::running() const { return impl_->running(); }
bool Conversation::client_at_boundary() const {
  return !opaque() && impl_->client_framer_.at_boundary();
}
bool Conversation::server_at_boundary() const {
  return !opaque() && impl_->server_framer_.at_boundary();
}
bool Conversation::fatal_seen() const { return impl_->fatal_seen_; }
std::size_t Conversation::named_statements() const { return impl_->prepared_.named(); }
std::size_t Conversation::memory_bytes() const { return impl_->memory_bytes(); }

}  // namespace pgsidecar::pgwire
