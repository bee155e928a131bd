#pragma once

#include <vector>

#include "pgwire/conversation.h"
#include "pgwire/error_fields.h"
#include "pgwire/fifo.h"
#include "pgwire/framer.h"
#include "pgwire/group_books.h"
#include "pgwire/names.h"
#include "pgwire/statement_clock.h"
#include "pgwire/transactions.h"

namespace pgsidecar::pgwire {

/// The state machine behind Conversation. frontend.cc turns client messages into queue entries,
/// backend.cc matches server messages against the head of the queue, conversation.cc holds life
/// cycle and questions.
class Conversation::Impl {
 public:
  Impl(Sink& sink, const ConversationLimits& limits, bool replication);

  void FeedClient(std::string_view bytes, Nanos now);
  void FeedServer(std::string_view bytes, Nanos now);
  void LoginDone(char status, Nanos now);
  void CloseByServer(Nanos now);
  void CloseByClient(Nanos now);
  void MakeOpaque(OpaqueReason reason);
  std::uint64_t GiveUp() noexcept;
  void AddStall(Nanos duration);

  SessionState state() const;
  std::optional<RunningStatement> running() const;
  std::size_t memory_bytes() const;

 private:
  friend class Conversation;

  enum class Mode : std::uint8_t { kDecoding, kReplication, kOpaque, kEnded };
  enum class Copy : std::uint8_t { kNone, kIn, kOut };

  // conversation.cc
  void AbandonAll();
  void StopDecoding(Mode mode);

  // frontend.cc
  void OnFrontend(const Frame& frame);
  void OnText(const Frame& frame);
  void PushQuery();
  void PushParse();
  void PushFunctionCall();
  void PushBind(std::string_view body);
  void PushDescribe(std::string_view body);
  void PushExecute(std::string_view body);
  void PushClose(std::string_view body);
  void PushSync();
  void PushCopyEnd();
  Entry& Push(Awaits awaits, bool unit_start);
  Entry& PushUnitMember(Awaits awaits);
  bool BreaksCopyIn(char type) const;

  // backend.cc
  void OnBackend(const Frame& frame);
  void OnAsynchronous(const Frame& frame);
  void OnCompleted(Awaits awaited);
  void OnDescribed();
  void OnRow(const Frame& frame);
  void OnCommandComplete(std::string_view body);
  void OnEmptyQuery();
  void OnPortalSuspended();
  void OnFunctionCallResponse();
  void OnReady(std::string_view body);
  void OnReadyForHead(char status);
  void OnCopyStart(Copy direction);
  void OnCopyBoth();
  void PromotePrepared();
  void OpenPortal();
  void CloseName();

  // errors.cc
  void OnError(const ErrorFields& fields);
  void FailHead(const SqlstateText& sqlstate);
  void End();
  void FailQuery(const SqlstateText& sqlstate);
  void FailUnit(const SqlstateText& sqlstate);
  std::uint64_t DropGroupRest(bool own_execute_seen);
  std::uint64_t DropEverything();
  void FailRunning(const SqlstateText& sqlstate);

  // statements.cc
  Prepared CurrentIdentity() const;
  StatementEnd MakeEnd(Prepared identity);
  void CloseStatement(std::string_view tag);
  void CloseCopy(const SqlstateText* sqlstate);
  void AdvanceQuery();
  void BeginStatement();
  void PopHead();
  void DropCopyMarkers();
  void ReportPortal(Portal& portal);
  void ReportPortals();
  std::uint64_t StatementsLeft(const Entry& entry, bool is_head) const;
  void ForgetMore(const Entry& entry, bool is_head);
  void Mismatch() { MakeOpaque(OpaqueReason::kReplyMismatch); }
  bool decoding() const { return mode_ == Mode::kDecoding; }
  bool HeadIs(Awaits awaits) const { return !fifo_.empty() && fifo_.head().awaits == awaits; }
  bool HeadExecutes() const { return HeadIs(Awaits::kQuery) || HeadIs(Awaits::kExecute); }

  // Constant after construction.
  Sink& sink_;
  const ConversationLimits limits_;

  Mode mode_ = Mode::kDecoding;
  bool fatal_seen_ = false;
  Nanos now_ = 0;  ///< Time of the Feed at work.

  Framer client_framer_{kFrontendMessages};
  Framer server_framer_{kBackendMessages};
  Fifo fifo_;
  std::vector<TextStatement>
      more_;                    ///< Second and later statements of the Queries in fifo_, in order.
  std::size_t more_first_ = 0;  ///< Those before it are done.
  PreparedStatements prepared_;
  Portals portals_;
  std::uint32_t suspended_portals_ = 0;
  GroupBooks books_;
  Transactions transactions_;

  // The client's side.
  enum class TextPhase : std::uint8_t { kName, kText, kRest };
  TextPhase text_phase_ = TextPhase::kRest;
  bool text_started_ = false;
  std::string parse_name_;                  ///< Head of the name of the Parse at work.
  std::vector<TextStatement> text_result_;  ///< Statements of the text at work.
  bool unit_open_ = false;
  bool skipping_ = false;              ///< The server ignores everything up to the next Sync.
  bool skip_own_execute_ = false;      ///< The failed unit's Execute has not been sent yet.
  bool copy_in_open_ = false;          ///< The client has not ended its COPY data.
  std::uint32_t swallowed_syncs_ = 0;  ///< Sent during the COPY at work; the server takes them.
  std::uint32_t surplus_ready_ = 0;    ///< ReadyForQuery that a failed COPY may still cause.

  // The statement at the head.
  StatementClock clock_;
  std::uint32_t cursor_ = 0;  ///< kQuery: statements of its text that are closed.
  bool head_failed_ = false;  ///< kQuery, kFunctionCall: waits for ReadyForQuery after an error.
  bool head_answered_ = false;
  Copy copy_ = Copy::kNone;
  std::uint64_t rows_ = 0;
  std::uint64_t reply_bytes_ = 0;
  std::uint64_t copy_bytes_ = 0;
  Nanos group_start_ = 0;  ///< 0: nothing of the group at the head was sent yet.
  std::uint64_t statements_in_flight_ = 0;
};

}  // namespace pgsidecar::pgwire
