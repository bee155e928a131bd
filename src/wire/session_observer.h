#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "net/socket.h"
#include "sql/statement_index.h"
#include "wire/ledger.h"
#include "wire/session_hooks.h"
#include "wire/session_writes.h"
#include "wire/upstream_server.h"

namespace pgsidecar::wire {

/// Who a session is, for the slow-query log.
struct SessionFacts {
  std::uint64_t id = 0;
  net::SocketAddress peer;
  std::string user, database, application_name;
  bool replication = false;
  bool pass_through = false;
  Nanos accepted = 0;
};

/// Turns what a Conversation and a Login tell about one session into counts, durations and
/// slow-query events. Loop thread only.
class SessionObserver final : public SessionHooks {
 public:
  SessionObserver(Ledger& ledger, SessionFacts facts);

  /// The server that the session is connected to. It must outlive the session's last call.
  void SetServer(UpstreamServer& server) { server_ = &server; }

  const SessionFacts& facts() const { return facts_; }
  DatabaseBooks* books() const { return books_; }  ///< None before OnReady.
  const std::string& login_sqlstate() const { return login_sqlstate_; }
  const ServerRole& server_role() const { return role_; }
  /// Process id and secret for a CancelRequest; empty if the server sent none.
  const std::string& cancel_key() const { return cancel_key_; }
  /// The bytes of the session are relayed without being read.
  void OnPassThrough() { writes_.OnBlind({}); }
  /// The session is over. `owed`: PostgreSQL owed an answer when it ended.
  void OnEnd(bool owed) { writes_.OnEnd(owed, database()); }
  /// What is written has to be known before the client hears of it.
  bool watches_writes() const { return writes_.watched(); }

  /// A hook threw, and none will be called again; `abandoned` statements have no end. Counts before
  /// it does anything that may throw.
  void OnFault(std::uint64_t abandoned);

  // SessionHooks
  void OnReady() override;
  metrics::SlowEvent DescribeRunning(const pgwire::RunningStatement& running, char status,
                                     Nanos now) override;

  // LoginSink
  void OnAuthenticationOk() override {}
  void OnLoginError(const pgwire::SqlstateText& sqlstate) override;
  void OnParameterStatus(std::string_view name, std::string_view value) override;
  void OnBackendKey(std::string_view key) override { cancel_key_ = key; }

  // Sink
  std::span<const pgwire::TextStatement> OnText(std::string_view piece, bool first,
                                                bool last) override;
  void OnTextAborted() override { partial_.reset(); }
  void OnStatement(const pgwire::StatementEnd& end) override;
  void OnSharedSet(std::span<const pgwire::StatementEnd> set, Nanos elapsed) override;
  void OnAborted(std::uint64_t statements) override;
  void OnAbandoned(std::uint64_t statements) override;
  void OnCopy(const pgwire::CopyEnd& end) override;
  void OnTransaction(Nanos duration, bool rolled_back) override;
  void OnTransactionIdle(Nanos duration) override;
  void OnReadyForQuery(char status) override { writes_.OnReadyForQuery(status); }
  void OnParse() override;
  void OnNotice(std::string_view severity) override;
  void OnNotification() override;
  void OnIdleError(const pgwire::SqlstateText& sqlstate) override;
  void OnPortalOverflow() override;
  void OnReplicationStart() override;
  void OnReplicationBytes(std::uint64_t bytes) override;
  void OnOpaque(pgwire::OpaqueReason reason) override;

 private:
  /// As blind writers are told apart; empty for one whose startup packet was not read.
  std::string_view database() const {
    return facts_.pass_through ? std::string_view() : std::string_view(facts_.database);
  }
  std::span<const pgwire::TextStatement> Keep(const sql::ScannedText& scanned);
  /// An event with everything that is known of the session.
  metrics::SlowEvent NewEvent(metrics::SlowEventKind kind) const;
  void LogSlow(const pgwire::StatementEnd& end, const metrics::Execution& execution,
               const Referenced& cell);
  void Describe(const Referenced& cell, metrics::SlowEvent& event) const;

  Ledger& ledger_;
  SessionFacts facts_;
  std::string cancel_key_;
  DatabaseBooks* books_ = nullptr;
  sql::ScanContext scan_context_;
  sql::PartialScanPtr partial_;
  std::string login_sqlstate_;
  UpstreamServer* server_ = nullptr;
  ServerRole role_;
  SessionWrites writes_;
};

}  // namespace pgsidecar::wire
