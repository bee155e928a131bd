#include "wire/wire_front.h"

#include <sched.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "wire/acceptor.h"
#include "wire/wire_loop.h"
#include "wire/wire_shared.h"

namespace pgsidecar::wire {
namespace {

constexpr std::size_t kLoopsMax = 64;

/// The processors that this process may use.
std::size_t UsableProcessors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::size_t>(std::max(CPU_COUNT(&set), 1));
}

std::size_t LoopCount(const WireOptions& options) {
  return std::min(options.threads == 0 ? UsableProcessors() : options.threads, kLoopsMax);
}

}  // namespace

struct WireFront::State {
  explicit State(const WireContext& context) : shared(context) {}
  ~State() {
    shared.resolver.reset();  // It answers to the loops, so it goes first.
  }

  void MakeLoops(std::size_t count) {
    std::vector<WireLoop*> all;
    for (std::size_t i = 0; i < count; ++i) {
      loops.push_back(std::make_unique<WireLoop>(shared, i, count));
      all.push_back(loops.back().get());
    }
    acceptor = std::make_unique<Acceptor>(shared, all);
    loops.front()->SetAcceptor(*acceptor);
  }

  WireShared shared;
  std::vector<std::unique_ptr<WireLoop>> loops;
  std::unique_ptr<Acceptor> acceptor;
  std::vector<std::string> addresses;
  std::vector<std::thread> threads;
};

WireFront::WireFront(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<WireFront>> WireFront::Create(const WireOptions& options,
                                                     const WireContext& context) {
  auto state = std::make_unique<State>(context);
  auto settings = WireSettings::Make(options, state->shared.servers);
  if (!settings.ok()) return settings.error();
  state->shared.SetSettings(std::move(settings).value());
  state->MakeLoops(LoopCount(options));
  for (const auto& [addresses, pass_through] :
       {std::pair(&options.listen, false), std::pair(&options.pass_through_listen, true)}) {
    for (const std::string& address : *addresses) {
      const Status listening = state->acceptor->Listen(address, pass_through);
      if (!listening.ok()) return listening.error();
    }
  }
  state->addresses = state->acceptor->addresses();
  return std::unique_ptr<WireFront>(new WireFront(std::move(state)));
}

Status WireFront::Check(const WireOptions& options) {
  const auto client = MakeClientTls(options.tls);
  if (!client.ok()) return Error{"wire.tls: " + client.error().message};
  const auto upstream = MakeUpstreamTls(options.upstream);
  if (!upstream.ok()) return Error{"upstream: " + upstream.error().message};
  return {};
}

Status WireFront::Reload(const WireOptions& options) {
  auto made = WireSettings::Make(options, state_->shared.servers);
  if (!made.ok()) return made.error();
  const WireSettingsPtr settings = std::move(made).value();
  state_->shared.SetSettings(settings);
  for (const auto& loop : state_->loops) loop->UseSettings(settings);
  return {};
}

WireFront::~WireFront() {
  for (const auto& loop : state_->loops) loop->Stop();
  Join();
}

void WireFront::Start() {
  for (const auto& loop : state_->loops) {
    state_->threads.emplace_back([loop = loop.get()] { loop->Run(); });
  }
}

void WireFront::Drain() {
  state_->shared.draining = true;
  for (const auto& loop : state_->loops) loop->Drain();
}

void WireFront::Join() {
  for (std::thread& thread : state_->threads) {
    if (thread.joinable()) thread.join();
  }
}

WireHealth WireFront::health() const {
  WireHealth health{.upstream_reached = state_->shared.upstream_reached,
                    .draining = state_->shared.draining,
                    .last_tick = state_->loops.front()->last_tick()};
  for (const auto& loop : state_->loops) {
    health.last_tick = std::min(health.last_tick, loop->last_tick());
  }
  return health;
}

std::vector<std::string> WireFront::addresses() const { return state_->addresses; }

}  // namespace pgsidecar::wire
