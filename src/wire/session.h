#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/event_loop.h"
#include "pgwire/conversation.h"
#include "pgwire/login.h"
#include "wire/connection.h"
#include "wire/leg.h"
#include "wire/login_gate.h"
#include "wire/prelude.h"
#include "wire/session_observer.h"
#include "wire/upstream_connector.h"

namespace pgsidecar::wire {

class WireLoop;

/// What the tick found of a session the last time it looked: its part of the loop's sums.
struct CensusEntry {
  DatabaseBooks* books = nullptr;  ///< None: not counted among the authenticated.
  pgwire::SessionState state = pgwire::SessionState::kIdle;
  std::int64_t prepared = 0;
  std::int64_t memory_bytes = 0;
};

/// One client and its own connection to PostgreSQL: relays both directions byte for byte and tells
/// a Conversation what went by. Owned by one loop from the StartupMessage to its end. Loop thread
/// only.
///
/// Connecting -> logging in -> relaying -> ended. Each direction stops reading while the other
/// socket does not take what was read. While relaying bytes are forwarded first and accounted
/// second; while logging in they are decoded first, and what cannot be decoded ends the session.
/// A pass-through session has no login and is never decoded.
class Session final : public Connection, public UpstreamHandler, public LegHandler {
 public:
  Session(WireLoop& loop, NewClient client, std::uint64_t id);
  ~Session() override;

  void Start();
  /// The process ends: says so at the next message boundary, cancelling what runs.
  void Terminate();
  /// Closes both sides at once.
  void Abort(CloseReason reason);

  /// The tick: brings `entry` up to date. Returns whether the tick should look again although
  /// nothing may move until then.
  bool Look(Nanos now);

  CensusEntry entry;
  std::size_t list_place = 0;          ///< In the loop's list of sessions.
  std::size_t watch_place = SIZE_MAX;  ///< In the loop's list of watched ones; SIZE_MAX: not there.
  Nanos running_logged = 0;            ///< Start of the statement that has its `running` line.

  const pgwire::Conversation& conversation() const { return conversation_; }
  /// Decodes nothing more.
  void TurnOpaque(pgwire::OpaqueReason reason);
  /// The statement that runs now, for the slow-query log; nothing if that fails.
  std::optional<metrics::SlowEvent> DescribeRunning(const pgwire::RunningStatement& running,
                                                    Nanos now);

  void OnUpstream(UpstreamLink link) override;
  void OnUpstreamFailed(const std::string& reasons) override;
  void OnUpstreamTried(const UpstreamTarget& target) override;
  void OnReadable(Side side) override;
  void OnWritable(Side side) override;
  void Quiesce() override {}  // Finish() did.

 private:
  enum class Phase : std::uint8_t { kConnecting, kLogin, kRelay, kEnded };

  /// Guards the hooks of the login: a login goes on although one throws.
  class LoginHooks final : public pgwire::LoginSink {
   public:
    explicit LoginHooks(Session& session) : session_(session) {}
    void OnAuthenticationOk() override;
    void OnLoginError(const pgwire::SqlstateText& sqlstate) override;
    void OnParameterStatus(std::string_view name, std::string_view value) override;
    void OnBackendKey(std::string_view key) override;

   private:
    Session& session_;
  };

  /// What is needed until the first ReadyForQuery only.
  struct LoginPart {
    LoginPart(WireLoop& loop, Session& session, const pgwire::LoginRules& rules);
    UpstreamConnector connector;
    LoginHooks hooks;
    pgwire::Login login;
    LoginGate gate;
    std::string startup;  ///< The StartupMessage.
    std::string waiting;  ///< Bytes of the client that may not be sent yet.
    Nanos connect_start = 0;
    bool authenticated = false;
    bool plus_counted = false;
    bool decoded = true;  ///< The protocol's major version is 3.
  };

  Leg& leg(Side side) { return side == Side::kClient ? client_ : server_; }
  WireShared& shared();
  const WireOptions& options() const { return settings_->options; }
  /// Counts the upstream connection under another server or state; none: it is no more.
  void SetUpstream(UpstreamServerPtr server, UpstreamState state);
  void SetUpstreamState(UpstreamState state) { SetUpstream(target_.server, state); }

  /// Every call that may reach a hook goes through here: the traffic must not notice what a hook
  /// throws, be it for want of memory or a defect of ours.
  template <class Call>
  void Observe(const Call& call) {
    try {
      call();
    } catch (...) {
      OnObserverFault();
    }
  }
  void OnObserverFault() noexcept;

  // session_login.cc
  void OnLoginDeadline();
  void LoginFromServer(std::string_view bytes, Nanos now);
  void LoginFromClient(std::string_view bytes, Nanos now);
  /// Sends of the client's waiting bytes what may go now.
  void SendWaiting(Nanos now);
  /// What the server said, as far as the client may know.
  std::string TakeLoginOutput();
  /// Whether the server is one of those that are wanted; if not, the session has ended.
  bool CheckRole(Nanos now);
  void OnServerRefusedLogin();
  void OnLoginReady(Nanos now);
  void RefuseLogin(Side side, std::string_view text);

  // session_relay.cc
  void Relay(Side from, std::string_view bytes, Nanos now);
  /// Sends, and holds what the socket does not take. False if the socket is lost.
  bool Forward(Side to, std::string_view bytes, Nanos now);
  void Account(Side from, std::string_view bytes, Nanos now);
  void SampleOverhead(Side from, Nanos now);
  /// Reads a side exactly while its bytes can go somewhere.
  void UpdateReading(Side side);

  // session_end.cc
  void OnReceiveEnd(Side side, net::IoStatus status, Nanos now);
  void OnSendFailed(Side side);
  void OnServerGone(bool failed);
  void OnClientLost();
  void OnTimer();
  void EndIfBothEnded();
  bool server_at_boundary() const;
  void TerminateAtBoundary();
  void SendCancel();
  /// Ends the session; the client still gets what is held for it and, at a message boundary, a
  /// FATAL error. An empty `sqlstate` means no error.
  void Fail(bool at_boundary, std::string_view sqlstate, std::string_view text, CloseReason reason);
  void Finish(CloseReason reason);

  WireLoop& loop_;
  const WireSettingsPtr settings_;
  SessionObserver observer_;
  const std::unique_ptr<SessionHooks> interposed_;  ///< Tests only.
  SessionHooks& hooks_;
  pgwire::Conversation conversation_;
  Leg client_;
  Leg server_;
  std::unique_ptr<LoginPart> login_;
  net::Timer timer_;  ///< Login deadline, then the patience with a client that half-closed.
  Phase phase_ = Phase::kConnecting;
  UpstreamTarget target_;  ///< The server at hand.
  UpstreamState upstream_state_ = UpstreamState::kConnecting;
  bool terminating_ = false;
  bool faulted_ = false;         ///< A hook threw.
  bool terminate_seen_ = false;  ///< The last thing the client sent. For the close reason only.
  bool server_ended_first_ = false;
  bool sampling_ = false;    ///< The next read from the server completes an overhead sample.
  Nanos sampled_ = 0;        ///< Its first half.
  Nanos blocked_since_ = 0;  ///< When the client stopped taking bytes.
  Nanos progress_at_ = 0;    ///< When a socket with held bytes took some the last time.
};

}  // namespace pgsidecar::wire
