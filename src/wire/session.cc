#include "wire/session.h"

#include <algorithm>

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
          .accepted = client.accepted};
}

}  // namespace

Session::LoginPart::LoginPart(WireLoop& loop, Session& session)
    : connector(loop.events(), *loop.shared().resolver, session), login(session.observer_) {}

Session::Session(WireLoop& loop, NewClient client, std::uint64_t id)
    : loop_(loop),
      observer_(loop.ledger(), FactsOf(client, id)),
      conversation_(observer_, {}, client.startup.replication),
      client_(loop.events(), *this, Side::kClient),
      server_(loop.events(), *this, Side::kUpstream),
      login_(std::make_unique<LoginPart>(loop, *this)),
      timer_(loop.events(), [this] { OnTimer(); }) {
  login_->decoded = client.startup.major == 3;
  login_->startup = client.bytes.substr(0, client.startup.length);
  login_->waiting = client.bytes.substr(client.startup.length);
  client_.Attach(std::move(client.fd));
  ++loop_.ledger().counters.handshakes;
  ++loop_.ledger().counters.upstream_connections[static_cast<std::size_t>(upstream_state_)];
}

Session::~Session() = default;

WireShared& Session::shared() { return loop_.shared(); }

void Session::SetUpstreamState(UpstreamState state) {
  auto& connections = loop_.ledger().counters.upstream_connections;
  --connections[static_cast<std::size_t>(upstream_state_)];
  upstream_state_ = state;
  ++connections[static_cast<std::size_t>(upstream_state_)];
}

void Session::Start() {
  login_->connect_start = loop_.events().Now();
  const Nanos spent = login_->connect_start - observer_.facts().accepted;
  timer_.Start(shared().options.login_timeout - std::chrono::nanoseconds(spent));
  login_->connector.Start(shared().upstream_endpoint(), shared().options.upstream.connect_timeout);
}

bool Session::Look(Nanos now) {
  const bool holds = !client_.held().empty() || !server_.held().empty();
  if (holds && now - progress_at_ > ToNanos(shared().options.write_stall_timeout)) {
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
