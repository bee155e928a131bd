#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "cache/core.h"
#include "cache/flights.h"
#include "cache/instruments.h"
#include "cache/invalidation_table.h"
#include "cache/memory_store.h"

namespace pgsidecar::cache {

/// A random number in (0, 1], from a generator of the calling thread.
double RandomFraction();

/// Everything of the core. Locks are taken one at a time but for walk_mutex_, which may be held
/// around those of shards and table; callers' callbacks run without any.
struct Core::Impl final : RemoteSink {
  explicit Impl(const CoreContext& context);
  ~Impl() override;

  // core_lookup.cc
  WaitId Lookup(const LookupRequest& request, LookupDone done);
  /// The way of most look-ups: a fresh entry in memory. False: nothing was done.
  bool AnswerFresh(const LookupRequest& request, const EntryPtr& entry, Nanos now,
                   const LookupDone& done);
  void Peek(const LookupRequest& request, LookupDone done);
  /// What the memory of this process holds, if it may be used at all.
  EntryPtr FromMemory(const EntryKey& key, Nanos now);
  /// An entry of Redis, if it may be used at all.
  EntryPtr Judged(EntryPtr entry, Nanos now) const;
  /// Asks Redis, and memory when Redis does not answer in time; then `next`, unless withdrawn.
  using Next = void (Impl::*)(Waiter call, EntryPtr entry);
  WaitId AskRedis(Waiter call, Next next);
  EntryPtr FromNearMemory(const EntryKey& key, Nanos now);
  /// Answers from `entry`, or goes on to Miss. The id of a look-up that waits.
  WaitId Decide(Waiter call, EntryPtr entry);
  void DecideLater(Waiter call, EntryPtr entry) { Decide(std::move(call), std::move(entry)); }
  void DecidePeek(Waiter call, EntryPtr entry);
  WaitId Miss(Waiter call);
  void Hit(Waiter& call, EntryPtr entry, FillTicket ticket);
  bool AnswerAfterAll(Waiter& call);
  bool IsDueEarly(const Entry& entry, Nanos remaining) const;
  Nanos AgeOf(const Entry& entry) const;

  // core_fill.cc
  enum class Mode : std::uint8_t { kLeader, kAlone, kBackground };
  FillTicket MakeTicket(const Waiter& call, Mode mode, bool may_store);
  void GiveTicket(Waiter call, Mode mode, bool may_store);
  std::shared_ptr<Entry> MakeEntry(const LookupRequest& request, Fill fill,
                                   const FillToken& token) const;
  /// Writes to the stores, or says why not.
  std::optional<Refusal> Keep(const std::shared_ptr<Entry>& entry, const FillToken& token);
  std::optional<Refusal> KeepCounted(const std::shared_ptr<Entry>& entry, const FillToken& token);
  bool IsTooLarge(const Entry& entry) const;
  void Serve(std::vector<Waiter> waiters, const EntryPtr& entry);
  void Promote(std::vector<Waiter> waiters);
  void LandFlight(const FillToken& token, const Stored& stored);
  void FailFlight(const EntryKey& key, const FailurePtr& failure);
  /// `stale`, if it may still stand in.
  EntryPtr StandIn(const EntryPtr& stale) const;

  // core_invalidate.cc
  Invalidated Invalidate(const Event& event);
  Invalidated Purge(const Event& event);
  void Sweep();
  std::uint64_t OnState(CacheState state) override;
  std::uint64_t OnRecovered(const Recovery& recovery) override;
  void OnEvent(const Event& event, Position position) override;
  void OnConfirmed(const Tickets& tickets, Position position) override;
  void RaiseFloor(Position position, std::string_view cause) override;
  void Enter(CacheState state);
  MemoryStore::Verdict JudgeForWalk(const Entry& entry, Nanos now) const;
  bool IsOver(const Entry& entry, Nanos now) const;

  // core.cc
  void Maintain();
  void Run();
  void Wake();
  /// The thread has to be awake at `deadline`.
  void WakeBy(Nanos deadline);
  void ReleaseOverdue();
  void Start(std::unique_ptr<RemoteStore> remote);
  void Stop();

  const Options options_;
  const Clock& clock_;
  const KeySpace keys_;
  Instruments instruments_;
  MemoryStore memory_;
  InvalidationTable table_;
  Flights flights_;

  std::unique_ptr<RemoteStore> remote_;        // Constant after Start.
  std::atomic<RemoteStore*> redis_ = nullptr;  // remote_ between Start and Stop.
  std::atomic<CacheState> state_ = CacheState::kMemory;
  std::atomic<Nanos> left_redis_at_ = 0;  // Memory copies live on from here.

  std::mutex walk_mutex_;  // One walk over memory at a time.
  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;            // Guarded by wake_mutex_.
  bool woken_ = false;               // Guarded by wake_mutex_.
  std::atomic<Nanos> wakes_at_ = 0;  // When the thread looks for overdue waiters next.
  std::atomic<bool> sweep_wanted_ = false;
  Nanos swept_at_ = 0;  // Maintenance thread only.
  std::thread thread_;

  std::mutex confirm_mutex_;
  std::condition_variable confirmed_;

  struct Exposition;  // What the registry calls, which may live longer than the core.
  const std::shared_ptr<Exposition> exposition_;  // The second owner is the registry.
};

struct FillTicket::State {
  Core::Impl* core = nullptr;
  LookupRequest request = {};
  std::string name = {};
  StoreKind store = StoreKind::kMemory;
  Core::Impl::Mode mode = Core::Impl::Mode::kAlone;
  bool may_store = true;
  std::optional<RefreshReason> refresh = {};
  EntryPtr stale = {};
  FillToken token = {};

  /// The look-up ends as a miss; a refresh in the background belongs to no look-up.
  void CountMiss() const;
};

}  // namespace pgsidecar::cache
