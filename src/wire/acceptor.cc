#include "wire/acceptor.h"

#include <algorithm>
#include <utility>

namespace pgsidecar::wire {

Acceptor::Acceptor(WireShared& shared, std::vector<WireLoop*> loops)
    : shared_(shared), loops_(std::move(loops)) {}

Status Acceptor::Listen(const std::string& address, bool pass_through) {
  const Result<net::Endpoint> endpoint = net::ParseEndpoint(address);
  if (!endpoint.ok()) return endpoint.error();
  auto door = std::make_unique<Door>(*this, pass_through);
  auto listener = net::Listener::Bind(loops_.front()->events(), endpoint.value(), *door);
  if (!listener.ok()) return listener.error();
  door->listener = std::move(listener).value();
  doors_.push_back(std::move(door));
  return {};
}

void Acceptor::Start() {
  for (const auto& door : doors_) door->listener->Start();
}

std::vector<std::string> Acceptor::addresses() const {
  std::vector<std::string> bound;
  for (const auto& door : doors_) bound.push_back(door->listener->endpoint().ToString());
  return bound;
}

WireLoop& Acceptor::LeastBusy() {
  // In the drain the other loops may be gone already.
  if (shared_.draining) return *loops_.front();
  return **std::min_element(loops_.begin(), loops_.end(), [](const auto* a, const auto* b) {
    return a->connections() < b->connections();
  });
}

void Acceptor::Door::OnAccepted(UniqueFd client, const net::SocketAddress& peer) {
  WireShared& shared = acceptor_.shared_;
  shared.instruments.accepted.Increment();
  // A session of a pass-through listener needs no prelude: it is limited like any other session.
  const bool limited = !pass_through_ && shared.preludes >= shared.settings()->options.max_prelude;
  if (limited) return shared.instruments.Reject(RejectReason::kLimit);
  if (!pass_through_) ++shared.preludes;
  if (!peer.is_unix()) net::TuneTcp(client.get(), {});
  acceptor_.LeastBusy().Take(std::move(client), peer, pass_through_);
}

void Acceptor::Door::OnAcceptRefused() {
  acceptor_.shared_.instruments.accepted.Increment();
  acceptor_.shared_.instruments.Reject(RejectReason::kFileDescriptors);
}

}  // namespace pgsidecar::wire
