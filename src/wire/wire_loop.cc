#include "wire/wire_loop.h"

#include "wire/failure_text.h"
#include "wire/lingering_close.h"
#include "wire/wire_metrics.h"

namespace pgsidecar::wire {

WireLoop::WireLoop(WireShared& shared, std::size_t number)
    : shared_(shared),
      number_(number),
      events_(shared.context.clock),
      ledger_(shared),
      window_(blocks_.Take()),
      probe_(events_, shared),
      tick_(events_, [this] { Tick(); }),
      refuse_timer_(events_, [this] { StartRefusing(); }),
      close_timer_(events_, [this] { StartClosing(); }),
      busy_total_(
          shared.context.registry.AddCounter(kLoopBusySecondsTotal, {std::to_string(number)})) {
  last_tick_ = shared.context.clock.Now();
}

WireLoop::~WireLoop() = default;

Status WireLoop::Listen(const net::Endpoint& endpoint) {
  Result<std::unique_ptr<net::Listener>> listener = net::Listener::Bind(events_, endpoint, *this);
  if (!listener.ok()) return listener.error();
  listeners_.push_back(std::move(listener).value());
  return {};
}

std::vector<std::string> WireLoop::addresses() const {
  std::vector<std::string> bound;
  for (const auto& listener : listeners_) bound.push_back(listener->endpoint().ToString());
  return bound;
}

void WireLoop::Run() {
  for (const auto& listener : listeners_) listener->Start();
  Tick();
  events_.Run(*this);
  EndEverything();
}

template <class T>
T& WireLoop::Adopt(std::unique_ptr<T> connection) {
  T& adopted = *connection;
  connections_.emplace(&adopted, std::move(connection));
  return adopted;
}

void WireLoop::OnAccepted(UniqueFd client, const net::SocketAddress& peer) {
  shared_.instruments.accepted.Increment();
  if (preludes_ >= shared_.options.max_prelude) {
    shared_.instruments.Reject(RejectReason::kLimit);
    return;
  }
  if (!peer.is_unix()) net::TuneTcp(client.get(), {});
  ++preludes_;
  Adopt(std::make_unique<Prelude>(*this, std::move(client), peer)).Start();
}

void WireLoop::OnAcceptRefused() {
  shared_.instruments.accepted.Increment();
  shared_.instruments.Reject(RejectReason::kFileDescriptors);
}

void WireLoop::StartSession(NewClient client) {
  const auto refuse = [&](RejectReason reason, std::string_view sqlstate, std::string_view text) {
    Refuse(std::move(client.fd), reason, pgwire::FatalResponse(sqlstate, text));
  };
  if (drain_ >= DrainPhase::kRefusing) {
    return refuse(RejectReason::kDraining, "57P03", kRefusingText);
  }
  if (const auto failure = shared_.upstream.RecentFailure(events_.Now())) {
    return refuse(RejectReason::kUpstreamDown, "08001",
                  CannotConnectText(shared_.upstream_name, *failure));
  }
  const std::uint32_t limit = shared_.options.max_clients;
  if (shared_.sessions.fetch_add(1) >= limit) {
    shared_.sessions.fetch_sub(1);
    return refuse(RejectReason::kLimit, "53300", TooManyClientsText(limit));
  }
  const std::uint64_t id = shared_.last_session_id.fetch_add(1) + 1;
  Session& session = Adopt(std::make_unique<Session>(*this, std::move(client), id));
  session.list_place = sessions_.size();
  sessions_.push_back(&session);
  session.Start();
}

void WireLoop::Refuse(UniqueFd fd, RejectReason reason, const std::string& fatal) {
  shared_.instruments.Reject(reason);
  Linger(std::move(fd), fatal);
}

void WireLoop::EndSession(Session& session) {
  RemoveWatched(session);
  Uncount(session.entry);
  sessions_[session.list_place] = sessions_.back();
  sessions_[session.list_place]->list_place = session.list_place;
  sessions_.pop_back();
  shared_.sessions.fetch_sub(1);
  Retire(session);
}

void WireLoop::AddWatched(Session& session) {
  session.watch_place = watched_.size();
  watched_.push_back(&session);
}

void WireLoop::RemoveWatched(Session& session) {
  if (session.watch_place == SIZE_MAX) return;
  watched_[session.watch_place] = watched_.back();
  watched_[session.watch_place]->watch_place = session.watch_place;
  watched_.pop_back();
  session.watch_place = SIZE_MAX;
}

void WireLoop::StartCancel(std::string request, UniqueFd client) {
  shared_.instruments.cancel_requests.Increment();
  if (client_cancels_ >= kClientCancelsMax) {
    return shared_.instruments.CancelFailed(CancelFailure::kLimit);
  }
  ++client_cancels_;
  Adopt(std::make_unique<CancelTunnel>(*this, std::move(request), std::move(client))).Start();
}

void WireLoop::SendCancel(std::string_view key) {
  if (key.empty()) return;
  Adopt(std::make_unique<CancelTunnel>(*this, CancelRequest(key), UniqueFd())).Start();
}

void WireLoop::Linger(UniqueFd fd, std::string last_bytes) {
  if (lingering_ >= kLingeringMax) {
    net::Transport transport(std::move(fd));
    const net::IoResult sent = transport.Send(last_bytes);
    ledger_.counters.sent[static_cast<std::size_t>(Side::kClient)] += sent.bytes;
    return;
  }
  ++lingering_;
  Adopt(std::make_unique<LingeringClose>(*this, std::move(fd), std::move(last_bytes))).Start();
}

void WireLoop::Retire(Connection& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  connection.Quiesce();
  retired_.push_back(std::move(found->second));
  connections_.erase(found);
}

void WireLoop::OnPassEnd(Nanos busy) {
  retired_.clear();
  if (busy == 0) return;
  busy_seconds_ += ToSeconds(busy);
  ledger_.passes.Observe(ToSeconds(busy));
}

}  // namespace pgsidecar::wire
