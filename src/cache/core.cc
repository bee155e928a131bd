#include "cache/core.h"

#include <algorithm>
#include <utility>

#include "base/glob.h"
#include "cache/core_impl.h"

namespace pgsidecar::cache {
namespace {

constexpr Nanos kSweepEvery = 10 * kNanosPerSecond;
constexpr Nanos kSweepAtMostEvery = kNanosPerSecond;
constexpr Nanos kLongestSleep = kNanosPerSecond;
/// Records of invalidations outlive the entries they are about by so much.
constexpr Nanos kRecordMargin = 60 * kNanosPerSecond;

TableLimits LimitsFor(const Options& options) {
  TableLimits limits;
  limits.token_age = ToNanos(options.max_ttl);
  limits.record_age = ToNanos(options.max_ttl) + kRecordMargin;
  return limits;
}

}  // namespace

/// The registry calls this before every exposition for as long as it lives; the core leaves when it
/// ends.
struct Core::Impl::Exposition {
  std::mutex mutex;
  Impl* core = nullptr;  // Guarded by mutex.

  void Show() {
    const std::lock_guard lock(mutex);
    if (core == nullptr) return;
    core->instruments_.ShowMemory(core->memory_);
    if (core->instruments_.pending != nullptr) {
      core->instruments_.pending->Set(static_cast<double>(core->table_.pending()));
    }
  }
};

Core::Impl::Impl(const CoreContext& context)
    : options_(context.options),
      clock_(context.clock),
      keys_(options_.secret, options_.name_space),
      instruments_(context.registry, options_),
      memory_({options_.max_bytes, options_.max_entry_bytes}, clock_,
              [this](Door door, Eviction reason) { instruments_.CountEviction(door, reason); }),
      table_(LimitsFor(options_)),
      flights_({}),
      exposition_(std::make_shared<Exposition>()) {
  exposition_->core = this;
  context.registry.BeforeCollect([exposition = exposition_] { exposition->Show(); });
}

Core::Impl::~Impl() {
  {
    const std::lock_guard lock(exposition_->mutex);
    exposition_->core = nullptr;
  }
  Stop();
  const auto failure = std::make_shared<const Failure>(Failure{"the cache is being closed"});
  for (Waiter& waiter : flights_.TakeAll()) {
    instruments_.CountCoalesced(waiter.request.door, waiter.store, -1);
    LookupResult result;
    result.kind = LookupKind::kFailed;
    result.failure = failure;
    waiter.done(std::move(result));
  }
}

void Core::Impl::Start(std::unique_ptr<RemoteStore> remote) {
  remote_ = std::move(remote);
  if (remote_ != nullptr) {
    table_.UseLog();
    Enter(CacheState::kRecovering);
    redis_.store(remote_.get(), std::memory_order_release);
    remote_->Start(*this);
  }
  thread_ = std::thread([this] { Run(); });
}

void Core::Impl::Stop() {
  if (remote_ != nullptr && redis_.load(std::memory_order_acquire) != nullptr) {
    remote_->Stop();
    OnState(CacheState::kMemory);
    redis_.store(nullptr, std::memory_order_release);
  }
  {
    const std::lock_guard lock(wake_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Core::Impl::Wake() {
  {
    const std::lock_guard lock(wake_mutex_);
    woken_ = true;
  }
  wake_.notify_all();
}

void Core::Impl::WakeBy(Nanos deadline) {
  if (deadline < wakes_at_.load(std::memory_order_acquire)) Wake();
}

void Core::Impl::Run() {
  std::unique_lock lock(wake_mutex_);
  while (!stopping_) {
    woken_ = false;
    const Nanos now = clock_.Now();
    // First the promise, then the look: a waiter that comes in between finds it and wakes us.
    wakes_at_.store(now + kLongestSleep, std::memory_order_seq_cst);
    const Nanos next = flights_.next_deadline();
    const Nanos until = next > 0 ? std::min(next, now + kLongestSleep) : now + kLongestSleep;
    wakes_at_.store(until, std::memory_order_seq_cst);
    if (until > now) {
      wake_.wait_for(lock, std::chrono::nanoseconds(until - now),
                     [this] { return stopping_ || woken_; });
    }
    if (stopping_) break;
    lock.unlock();
    ReleaseOverdue();
    const Nanos since = clock_.Now() - swept_at_;
    if (since >= kSweepEvery ||
        (since >= kSweepAtMostEvery && sweep_wanted_.load(std::memory_order_acquire))) {
      Sweep();
      swept_at_ = clock_.Now();
    }
    lock.lock();
  }
}

void Core::Impl::ReleaseOverdue() {
  for (Waiter& waiter : flights_.TakeOverdue(clock_.Now())) {
    GiveTicket(std::move(waiter), Mode::kAlone, false);
  }
}

void Core::Impl::Maintain() {
  ReleaseOverdue();
  Sweep();
}

Core::Core(const CoreContext& context) : impl_(std::make_unique<Impl>(context)) {}
Core::~Core() = default;

const KeySpace& Core::keys() const { return impl_->keys_; }
void Core::Start(std::unique_ptr<RemoteStore> remote) { impl_->Start(std::move(remote)); }
void Core::Stop() { impl_->Stop(); }

WaitId Core::Lookup(const LookupRequest& request, LookupDone done) {
  return impl_->Lookup(request, std::move(done));
}

bool Core::Cancel(WaitId id) { return impl_->flights_.Cancel(id); }

void Core::Peek(const LookupRequest& request, LookupDone done) {
  impl_->Peek(request, std::move(done));
}

Stored Core::Put(const LookupRequest& request, Fill fill) {
  const FillToken token = impl_->table_.Token(impl_->clock_.Now());
  const std::shared_ptr<Entry> entry = impl_->MakeEntry(request, std::move(fill), token);
  Stored stored;
  stored.entry = entry;
  stored.refused = impl_->KeepCounted(entry, token);
  return stored;
}

Result<Event> Core::PatternEvent(std::string_view pattern, DoorSet doors) const {
  const Status status = CheckGlob(pattern);
  if (!status.ok()) return status.error();
  Event event;
  event.doors = doors;
  if (HasWildcard(pattern)) {
    const bool everything = pattern.find_first_not_of('*') == std::string_view::npos;
    event.kind = everything ? EventKind::kAll : EventKind::kPattern;
    if (!everything) event.pattern = pattern;
  } else {
    event.kind = EventKind::kKey;
    event.hash = impl_->keys_.NameHash(UnescapeGlob(pattern));
  }
  return event;
}

Event Core::TagEvent(std::string_view tag) const {
  Event event;
  event.kind = tag.starts_with("table:") ? EventKind::kTable : EventKind::kTag;
  event.hash = impl_->keys_.TagHash(tag);
  return event;
}

Invalidated Core::Invalidate(const Event& event) { return impl_->Invalidate(event); }
Invalidated Core::Purge(const Event& event) { return impl_->Purge(event); }
void Core::CountBypass(Bypass reason) { impl_->instruments_.CountBypass(reason); }
CacheState Core::state() const { return impl_->state_.load(std::memory_order_acquire); }
void Core::Maintain() { impl_->Maintain(); }

Stats Core::stats() const {
  Stats stats;
  stats.state = state();
  for (std::size_t i = 0; i < kDoors; ++i) {
    stats.entries += impl_->memory_.entries(static_cast<Door>(i));
    stats.bytes += impl_->memory_.bytes(static_cast<Door>(i));
  }
  stats.waiters = impl_->flights_.waiters();
  stats.fetches = impl_->flights_.fetches();
  stats.patterns = impl_->table_.patterns();
  stats.exact = impl_->table_.exact();
  stats.pending = impl_->table_.pending();
  stats.position = impl_->table_.position();
  stats.last_floor_cause = impl_->table_.floor_cause();
  return stats;
}

}  // namespace pgsidecar::cache
