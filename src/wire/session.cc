#include "wire/session.h"

#include <algorithm>
#include <utility>

#include "wire/failure_text.h"
#include "wire/wire_loop.h"

namespace pgsidecar::wire {
namespace {

SessionFacts FactsOf(const NewClient& client, std::uint64_t id) {
  return {.id = id,
          .peer = client.peer,
          .user = client.startup.user,
          .database = client.startup.database,
          .application_name = client.startup.application_name,
          .replication = client.startup.replication,
          .pass_through = client.pass_through,
          .accepted = client.accepted};
}

pgwire::ConversationLimits LimitsOf(const WireOptions& options) {
  return {.fifo_entries = options.max_queued_messages,
          .named_statements = options.max_prepared_statements};
}

}  // namespace

Session::LoginPart::LoginPart(WireLoop& loop, Session& session, const pgwire::LoginRules& rules)
    : connector(loop.events(), *loop.shared().resolver, session),
      hooks(session),
      login(hooks, rules) {}

Session::Session(WireLoop& loop, NewClient client, std::uint64_t id)
    : loop_(loop),
      settings_(loop.settings()),
      observer_(loop.ledger(), FactsOf(client, id)),
      interposed_(loop.shared().context.interpose ? loop.shared().context.interpose(observer_)
                                                  : nullptr),
      hooks_(interposed_ != nullptr ? *interposed_ : observer_),
      conversation_(hooks_, LimitsOf(settings_->options), client.startup.replication),
      client_(loop.events(), *this, Side::kClient),
      server_(loop.events(), *this, Side::kUpstream),
      login_(std::make_unique<LoginPart>(
          loop, *this,
          pgwire::LoginRules{.strip_plus = !client.transport.encrypted(),
                             .hold = settings_->servers.wanted() != TargetSession::kAny})),
      timer_(loop.events(), [this] { OnTimer(); }) {
  login_->decoded = client.startup.major == 3 && !client.pass_through;
  login_->startup = client.bytes.substr(0, client.startup.length);
  login_->waiting = client.bytes.substr(client.startup.length);
  client_.Attach(std::move(client.transport));
  ++loop_.ledger().counters.handshakes;
}

Session::~Session() = default;

WireShared& Session::shared() { return loop_.shared(); }

void Session::SetUpstream(UpstreamServerPtr server, UpstreamState state) {
  if (target_.server != nullptr) target_.server->connections(upstream_state_).Decrement();
  target_.server = std::move(server);
  upstream_state_ = state;
  if (target_.server != nullptr) target_.server->connections(upstream_state_).Increment();
}

void Session::Start() {
  login_->connect_start = loop_.events().Now();
  const Nanos spent = login_->connect_start - observer_.facts().accepted;
  timer_.Start(options().login_timeout - std::chrono::nanoseconds(spent));
  const auto encryption = observer_.facts().pass_through
                              ? UpstreamConnector::Encryption::kNone
                              : UpstreamConnector::Encryption::kAsConfigured;
  login_->connector.Start(settings_, settings_->servers.InOrder(), encryption);
}

void Session::TurnOpaque(pgwire::OpaqueReason reason) {
  Observe([&] { conversation_.MakeOpaque(reason); });
}

std::optional<metrics::SlowEvent> Session::DescribeRunning(const pgwire::RunningStatement& running,
                                                           Nanos now) {
  std::optional<metrics::SlowEvent> event;
  const char status = conversation_.transaction_status();
  Observe([&] { event = hooks_.DescribeRunning(running, status, now); });
  return event;
}

void Session::OnObserverFault() noexcept {
  const std::uint64_t abandoned = conversation_.GiveUp();
  if (std::exchange(faulted_, true)) return;
  try {
    observer_.OnFault(abandoned);
  } catch (...) {
    // It was counted before anything in there can fail, and there is nobody left to tell.
  }
}

bool Session::Look(Nanos now) {
  const bool holds = !client_.held().empty() || !server_.held().empty();
  if (holds && now - progress_at_ > ToNanos(options().write_stall_timeout)) {
    Abort(CloseReason::kWriteStall);
    return false;
  }
  entry.books = phase_ == Phase::kRelay ? observer_.books() : nullptr;
  entry.state = conversation_.state();
  entry.prepared = static_cast<std::int64_t>(conversation_.named_statements());
  entry.memory_bytes = static_cast<std::int64_t>(conversation_.memory_bytes());
  return holds || conversation_.in_flight() || conversation_.transaction_status() != 'I';
}

}  // namespace pgsidecar::wire
