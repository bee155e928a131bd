#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/event_loop.h"
#include "wire/block_pool.h"
#include "wire/cancel_tunnel.h"
#include "wire/connection.h"
#include "wire/ledger.h"
#include "wire/prelude.h"
#include "wire/server_probe.h"
#include "wire/session.h"
#include "wire/wire_shared.h"

namespace pgsidecar::wire {

class Acceptor;

/// How far the end of the process has come (docs/operations.md).
enum class DrainPhase : std::uint8_t {
  kServing,
  kAccepting,  ///< Draining, but new sessions are still served.
  kRefusing,   ///< New sessions are refused.
  kClosing,    ///< Open sessions are ended.
};

/// One loop thread of the wire front and everything that lives on it. Loop thread only, but for
/// what is marked.
class WireLoop final : public net::PassObserver {
 public:
  /// `number`: tells the loops apart in metrics; `loops`: how many there are.
  WireLoop(WireShared& shared, std::size_t number, std::size_t loops);
  ~WireLoop() override;

  /// This loop runs the listeners, and the probes. Before Run.
  void SetAcceptor(Acceptor& acceptor) { acceptor_ = &acceptor; }
  /// Serves until a drain is done or Stop. Ends every connection before it returns.
  void Run();
  /// Thread-safe.
  void Stop() { events_.Stop(); }
  /// Starts the drain; a second call closes what is open. Thread-safe.
  void Drain();
  /// New connections use other settings from now on. Thread-safe.
  void UseSettings(WireSettingsPtr settings);
  /// Monotonic time of the last tick. Thread-safe.
  Nanos last_tick() const { return last_tick_.load(std::memory_order_relaxed); }
  /// Clients that were given to this loop and have not left. Thread-safe.
  std::uint32_t connections() const { return connections_held_.load(std::memory_order_relaxed); }
  /// Serves a client that was accepted; called on the thread of the acceptor.
  void Take(UniqueFd client, const net::SocketAddress& peer, bool pass_through);

  // For the connections.
  net::EventLoop& events() { return events_; }
  WireShared& shared() { return shared_; }
  const WireSettingsPtr& settings() const { return settings_; }
  Ledger& ledger() { return ledger_; }
  BlockPool& blocks() { return blocks_; }
  /// Where a read goes: valid until the next one.
  Block& window() { return *window_; }
  /// Whether the overhead of the read at hand is measured: one in 16.
  bool TakesSample() { return (++reads_ & 15U) == 0; }
  void StartSession(NewClient client);
  /// A CancelRequest of a client, who waits for the close.
  void StartCancel(std::string_view key, net::Transport client);
  /// A cancel request of our own.
  void SendCancel(std::string_view key, CancelRoute route);
  /// Sends `last_bytes`, then closes; at once if too many linger already.
  void Linger(net::Transport transport, std::string last_bytes);
  /// The tick will look at this session.
  void Watch(Session& session) {
    if (session.watch_place == SIZE_MAX) AddWatched(session);
  }
  void EndSession(Session& session);
  /// The connection gets no more callbacks and is destroyed at the end of the pass.
  void Retire(Connection& connection);
  void PreludeEnded();
  void LingeringEnded() { --lingering_; }
  void ClientCancelEnded() { --shared_.client_cancels; }

  // net::PassObserver
  void OnPassEnd(Nanos busy) override;

 private:
  static constexpr std::size_t kLingeringMax = 256;

  struct Refusal {
    RejectReason reason;
    std::string_view sqlstate;
    std::string text;
  };

  template <class T>
  T& Adopt(std::unique_ptr<T> connection);
  void Admit(UniqueFd client, const net::SocketAddress& peer, bool pass_through);
  /// Why no session can begin now; nothing if one can, which is then counted.
  std::optional<Refusal> RefuseSession();
  void AddWatched(Session& session);
  void RemoveWatched(Session& session);

  void MakeProbes();

  // wire_tick.cc
  void Tick();
  void Count(const CensusEntry& entry);
  void Uncount(CensusEntry& entry);
  void LookAtSessions(Nanos now);
  void LookAtRunning(Session& session, Nanos now, std::vector<metrics::SlowEvent>& slow);
  void PublishRunning(std::vector<metrics::SlowEvent> slow);
  void BoundMemory();
  void PublishCounters();

  // wire_drain.cc
  void StartRefusing();
  void StartClosing();
  void StopIfDrained();
  void EndEverything();

  WireShared& shared_;
  const std::size_t number_;
  const std::size_t loops_;
  WireSettingsPtr settings_;
  net::EventLoop events_;
  Ledger ledger_;
  BlockPool blocks_;
  BlockPtr window_;
  std::vector<std::unique_ptr<ServerProbe>> probes_;  ///< On the acceptor's loop only.
  net::Timer tick_;
  net::Timer refuse_timer_;
  net::Timer close_timer_;
  DrainPhase drain_ = DrainPhase::kServing;
  Acceptor* acceptor_ = nullptr;  ///< On one of the loops.
  std::unordered_map<const Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> retired_;
  std::vector<Session*> sessions_;
  std::vector<Session*> watched_;
  std::size_t lingering_ = 0;
  std::uint32_t reads_ = 0;
  std::int64_t memory_bytes_ = 0;   ///< Held for observation, as of the last tick.
  std::int64_t memory_shared_ = 0;  ///< What of it the other loops know.
  bool running_published_ = false;  ///< The slow log shows running statements of this loop.
  double busy_seconds_ = 0;
  metrics::Counter& busy_total_;
  std::atomic<Nanos> last_tick_{0};
  std::atomic<std::uint32_t> connections_held_{0};
};

}  // namespace pgsidecar::wire
