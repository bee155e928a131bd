#include "wire/wire_loop.h"

#include <utility>

#include "wire/acceptor.h"
#include "wire/failure_text.h"
#include "wire/lingering_close.h"
#include "wire/wire_metrics.h"

namespace pgsidecar::wire {

WireLoop::WireLoop(WireShared& shared, std::size_t number, std::size_t loops)
    : shared_(shared),
      number_(number),
      loops_(loops),
      settings_(shared.settings()),
      events_(shared.context.clock),
      ledger_(shared),
      window_(blocks_.Take()),
      tick_(events_, [this] { Tick(); }),
      refuse_timer_(events_, [this] { StartRefusing(); }),
      close_timer_(events_, [this] { StartClosing(); }),
      busy_total_(
          shared.context.registry.AddCounter(kLoopBusySecondsTotal, {std::to_string(number)})) {
  last_tick_ = shared.context.clock.Now();
}

WireLoop::~WireLoop() = default;

void WireLoop::Run() {
  if (acceptor_ != nullptr) {
    MakeProbes();
    acceptor_->Start();
  }
  Tick();
  events_.Run(*this);
  EndEverything();
}

void WireLoop::UseSettings(WireSettingsPtr settings) {
  events_.Post([this, settings = std::move(settings)] {
    settings_ = settings;
    if (acceptor_ != nullptr) MakeProbes();
  });
}

void WireLoop::MakeProbes() {
  probes_.clear();
  for (const UpstreamTarget& target : settings_->servers.all()) {
    probes_.push_back(std::make_unique<ServerProbe>(events_, shared_, settings_, target));
  }
}

template <class T>
T& WireLoop::Adopt(std::unique_ptr<T> connection) {
  T& adopted = *connection;
  connections_.emplace(&adopted, std::move(connection));
  return adopted;
}

void WireLoop::Take(UniqueFd client, const net::SocketAddress& peer, bool pass_through) {
  ++connections_held_;
  if (acceptor_ != nullptr) return Admit(std::move(client), peer, pass_through);
  // Second owner: the queue of posted work, whose entries must be copyable.
  auto handed = std::make_shared<UniqueFd>(std::move(client));
  events_.Post(
      [this, handed, peer, pass_through] { Admit(std::move(*handed), peer, pass_through); });
}

void WireLoop::Admit(UniqueFd client, const net::SocketAddress& peer, bool pass_through) {
  if (!pass_through) {
    return Adopt(std::make_unique<Prelude>(*this, std::move(client), peer)).Start();
  }
  StartSession({.transport = net::Transport(std::move(client)),
                .peer = peer,
                .accepted = events_.Now(),
                .bytes = {},
                .startup = {},
                .pass_through = true});
  --connections_held_;  // StartSession counted a session.
}

void WireLoop::PreludeEnded() {
  --shared_.preludes;
  --connections_held_;
}

std::optional<WireLoop::Refusal> WireLoop::RefuseSession() {
  if (drain_ >= DrainPhase::kRefusing) {
    return Refusal{RejectReason::kDraining, "57P03", std::string(kRefusingText)};
  }
  if (const auto reasons = settings_->servers.RecentFailure(events_.Now())) {
    return Refusal{RejectReason::kUpstreamDown, "08001", CannotConnectText(*reasons)};
  }
  const std::uint32_t limit = settings_->options.max_clients;
  if (shared_.sessions.fetch_add(1) < limit) return std::nullopt;
  shared_.sessions.fetch_sub(1);
  return Refusal{RejectReason::kLimit, "53300", TooManyClientsText(limit)};
}

void WireLoop::StartSession(NewClient client) {
  if (const auto refusal = RefuseSession()) {
    shared_.instruments.Reject(refusal->reason);
    // What a client of a pass-through listener could read is not known.
    if (client.pass_through) return;
    return Linger(std::move(client.transport),
                  pgwire::FatalResponse(refusal->sqlstate, refusal->text));
  }
  ++connections_held_;
  const std::uint64_t id = shared_.last_session_id.fetch_add(1) + 1;
  Session& session = Adopt(std::make_unique<Session>(*this, std::move(client), id));
  session.list_place = sessions_.size();
  sessions_.push_back(&session);
  session.Start();
}

void WireLoop::EndSession(Session& session) {
  RemoveWatched(session);
  Uncount(session.entry);
  sessions_[session.list_place] = sessions_.back();
  sessions_[session.list_place]->list_place = session.list_place;
  sessions_.pop_back();
  shared_.sessions.fetch_sub(1);
  --connections_held_;
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

void WireLoop::StartCancel(std::string_view key, net::Transport client) {
  shared_.instruments.cancel_requests.Increment();
  if (shared_.client_cancels.fetch_add(1) >= settings_->options.max_cancels) {
    shared_.client_cancels.fetch_sub(1);
    return shared_.instruments.CancelFailed(CancelFailure::kLimit);
  }
  // A key that nobody has goes to the first server, which ignores it.
  CancelRoute route = shared_.cancels.Find(key, {settings_, settings_->servers.all().front()});
  Adopt(std::make_unique<CancelTunnel>(*this, CancelRequest(key), std::move(client)))
      .Start(std::move(route));
}

void WireLoop::SendCancel(std::string_view key, CancelRoute route) {
  Adopt(std::make_unique<CancelTunnel>(*this, CancelRequest(key), net::Transport()))
      .Start(std::move(route));
}

void WireLoop::Linger(net::Transport transport, std::string last_bytes) {
  if (lingering_ >= kLingeringMax) {
    const net::IoResult sent = transport.Send(last_bytes);
    ledger_.counters.sent[static_cast<std::size_t>(Side::kClient)] += sent.bytes;
    return;
  }
  ++lingering_;
  Adopt(std::make_unique<LingeringClose>(*this, std::move(transport), std::move(last_bytes)))
      .Start();
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
