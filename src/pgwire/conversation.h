#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/ref.h"

namespace pgsidecar::pgwire {

/// Five characters and a terminator; empty if the server sent none or a malformed one.
using SqlstateText = std::array<char, 6>;

/// One statement of a text, as the sink named it. pgwire only carries the references.
struct TextStatement {
  Ref<Referenced> statement;  ///< The sink's identity for it.
  Ref<Referenced> trace;      ///< The sink's trace context for this text, or empty.
  bool control = false;    ///< Costs the server nothing: transaction control, SET, SHOW, EMPTY …
  bool and_chain = false;  ///< COMMIT or ROLLBACK … AND CHAIN.
};

enum class Protocol : std::uint8_t { kSimple, kExtended, kFunctionCall };

/// A statement that ended with a reply, or with the loss of the server.
struct StatementEnd {
  Ref<Referenced> statement;  ///< Empty: its text was never seen; `tag` says what it was.
  Ref<Referenced> trace;
  Protocol protocol = Protocol::kSimple;
  bool failed = false;
  SqlstateText sqlstate{};
  char transaction_status = 'I';  ///< Of the last ReadyForQuery before it.
  std::array<char, 24> tag{};  ///< Head of the CommandComplete tag, terminated; empty on failure.
  Nanos start = 0;             ///< When it began to cost the server time.
  Nanos duration = 0;          ///< Active time; its part of a shared set.
  Nanos first_reply = -1;      ///< Start to the first byte of its answer; -1: none came.
  Nanos stall = 0;             ///< Part of it in which the client did not read.
  std::uint64_t rows_returned = 0;
  std::uint64_t rows_affected = 0;
  std::uint64_t reply_bytes = 0;
  std::uint32_t shared = 1;  ///< Statements in its shared set.
};

enum class CopyDirection : std::uint8_t { kIn, kOut };

/// A COPY that ended. It runs at the client's pace and is no statement for the histograms.
struct CopyEnd {
  Ref<Referenced> statement;
  CopyDirection direction = CopyDirection::kIn;
  bool failed = false;
  SqlstateText sqlstate{};
  Nanos duration = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  ///< CopyData payload.
};

enum class OpaqueReason : std::uint8_t {
  kUnknownMessage,
  kBadLength,
  kReplyMismatch,
  kProtocolMajor,
  kFifoOverflow,
  kObserveMemory,
  kInternal,
};
constexpr std::array<std::string_view, 7> kOpaqueReasonNames = {
    "unknown_message", "bad_length",     "reply_mismatch", "protocol_major",
    "fifo_overflow",   "observe_memory", "internal"};

/// What a Conversation tells. Called from within Feed and Close, on the loop thread; views are
/// valid during the call only. Must not call back into the Conversation.
class Sink {
 public:
  virtual ~Sink() = default;

  /// The text of a Query or Parse message, whole or in pieces. The answer to the last piece names
  /// its statements in order; none means an empty query. It is read before the next call.
  virtual std::span<const TextStatement> OnText(std::string_view piece, bool first, bool last) = 0;
  /// A text whose message was cut short by the end of the session or by doubt: forget its pieces.
  virtual void OnTextAborted() = 0;

  virtual void OnStatement(const StatementEnd& end) = 0;
  /// Statements of one group whose closing replies came in one read, `elapsed` in all. Called
  /// before the OnStatement of each, for two or more.
  virtual void OnSharedSet(std::span<const StatementEnd> set, Nanos elapsed) = 0;
  /// Statements that were skipped because an earlier one failed.
  virtual void OnAborted(std::uint64_t statements) = 0;
  /// Statements whose end was not seen: the client left, or the session became opaque.
  virtual void OnAbandoned(std::uint64_t statements) = 0;
  virtual void OnCopy(const CopyEnd& end) = 0;

  /// A transaction block ended after `duration`.
  virtual void OnTransaction(Nanos duration, bool rolled_back) = 0;
  /// A transaction block was open for `duration` while no statement ran.
  virtual void OnTransactionIdle(Nanos duration) = 0;
  /// ReadyForQuery with this status byte, after all that it ended was told. With `I` the server has
  /// committed or rolled back what was told since the last `I`.
  virtual void OnReadyForQuery(char status) = 0;

  virtual void OnParse() = 0;  ///< A Parse message was sent.
  virtual void OnParameterStatus(std::string_view name, std::string_view value) = 0;
  /// `severity` is the untranslated field V, or S.
  virtual void OnNotice(std::string_view severity) = 0;
  virtual void OnNotification() = 0;
  /// An ErrorResponse that belongs to no statement (57P01 while idle …).
  virtual void OnIdleError(const SqlstateText& sqlstate) = 0;
  virtual void OnPortalOverflow() = 0;
  virtual void OnReplicationStart() = 0;
  virtual void OnReplicationBytes(std::uint64_t bytes) = 0;
  /// The conversation will decode nothing more. Abandoned statements were reported before.
  virtual void OnOpaque(OpaqueReason reason) = 0;
};

enum class SessionState : std::uint8_t {
  kActive,
  kIdle,
  kIdleInTransaction,
  kIdleInFailedTransaction,
  kCopy,
  kReplication,
  kOpaque,
};
constexpr std::array<std::string_view, 7> kSessionStateNames = {
    "active",      "idle",  "idle_in_transaction", "idle_in_failed_transaction", "copy",
    "replication", "opaque"};

struct ConversationLimits {
  std::uint32_t fifo_entries = 262'144;
  std::uint32_t named_statements = 4'096;
  std::uint32_t suspended_portals = 256;
};

/// The statement that is being answered, or will be next.
struct RunningStatement {
  Ref<Referenced> statement;
  Ref<Referenced> trace;
  Nanos start = 0;
  Protocol protocol = Protocol::kSimple;
};

/// Follows one session of the PostgreSQL v3 protocol from both sides and times every statement.
/// Sans-IO: bytes and a time in, events out; bytes may be cut anywhere. Never fails: in doubt it
/// turns opaque and ignores what follows. Loop thread only.
///
/// Protocol: PostgreSQL manual, "Message Flow" and "Message Formats".
class Conversation {
 public:
  /// `replication`: the startup packet asked for it, so nothing is a statement.
  Conversation(Sink& sink, const ConversationLimits& limits, bool replication);
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  /// Bytes the client sent after its StartupMessage, in order; `now`: when they were read.
  void FeedClient(std::string_view bytes, Nanos now);
  /// Bytes the server sent, beginning with the message after its first ReadyForQuery.
  void FeedServer(std::string_view bytes, Nanos now);
  /// The first ReadyForQuery was seen; `status` is its byte.
  void LoginDone(char status, Nanos now);

  /// The server went away: the running statement fails with 08006, the others are aborted.
  void CloseByServer(Nanos now);
  /// The client went away, or we closed: what runs is abandoned.
  void CloseByClient(Nanos now);
  /// Stops decoding from outside (memory bound, caught failure).
  void MakeOpaque(OpaqueReason reason);
  /// Stops decoding after a sink threw: forgets everything and calls no sink. Returns the
  /// statements whose end will not be seen.
  std::uint64_t GiveUp() noexcept;
  /// Decodes nothing from now on, by decision and not for doubt: state() is kOpaque, and no sink
  /// is told. Requires: nothing was fed.
  void Ignore();

  /// The server's socket was not read for `duration` because the client did not read.
  void AddStall(Nanos duration);

  SessionState state() const;
  bool opaque() const;
  char transaction_status() const;  ///< I, T or E.
  Nanos transaction_start() const;  ///< 0: no block is open.
  bool in_flight() const;           ///< A reply is owed.
  std::uint64_t statements_in_flight() const;
  std::optional<RunningStatement> running() const;
  /// Whether the bytes so far end with a complete message. False when opaque.
  bool client_at_boundary() const;
  bool server_at_boundary() const;
  bool fatal_seen() const;  ///< A FATAL or PANIC ErrorResponse was relayed.
  std::size_t named_statements() const;
  std::size_t memory_bytes() const;  ///< Heap held for observation.

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pgsidecar::pgwire
