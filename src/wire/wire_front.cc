#include "wire/wire_front.h"

#include <thread>

#include "wire/wire_loop.h"
#include "wire/wire_shared.h"

namespace pgsidecar::wire {

struct WireFront::State {
  State(const WireOptions& options, const WireContext& context)
      : shared(options, context), loop(shared, 0) {}
  ~State() {
    shared.resolver.reset();  // It answers to the loop, so it goes first.
  }

  WireShared shared;
  WireLoop loop;
  std::vector<std::string> addresses;
  std::thread thread;
};

WireFront::WireFront(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<WireFront>> WireFront::Create(const WireOptions& options,
                                                     const WireContext& context) {
  auto state = std::make_unique<State>(options, context);
  for (const std::string& text : options.listen) {
    const Result<net::Endpoint> endpoint = net::ParseEndpoint(text);
    if (!endpoint.ok()) return endpoint.error();
    const Status listening = state->loop.Listen(endpoint.value());
    if (!listening.ok()) return listening.error();
  }
  state->addresses = state->loop.addresses();
  state->shared.instruments.connections_max.Set(options.max_clients);
  return std::unique_ptr<WireFront>(new WireFront(std::move(state)));
}

Status WireFront::Check(const WireOptions& /*options*/) { return {}; }

Status WireFront::Reload(const WireOptions& /*options*/) { return {}; }

WireFront::~WireFront() {
  if (!state_->thread.joinable()) return;
  state_->loop.Stop();
  state_->thread.join();
}

void WireFront::Start() {
  state_->thread = std::thread([state = state_.get()] { state->loop.Run(); });
}

void WireFront::Drain() {
  state_->shared.draining = true;
  state_->loop.Drain();
}

void WireFront::Join() {
  if (state_->thread.joinable()) state_->thread.join();
}

WireHealth WireFront::health() const {
  return {.upstream_reached = state_->shared.upstream.reached(),
          .draining = state_->shared.draining,
          .last_tick = state_->loop.last_tick()};
}

std::vector<std::string> WireFront::addresses() const { return state_->addresses; }

}  // namespace pgsidecar::wire
