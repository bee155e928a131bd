#include "unit/cache/redis_sidecar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "unit/cache/redis_process.h"

namespace pgsidecar::cache {

Options RedisSidecar::OptionsFor(const std::string& url) {
  Options options;
  options.redis.url = url;
  return options;
}

RedisSidecar::RedisSidecar(const Options& options)
    : options_(options), keys_(options.secret, options.name_space) {
  const auto settings = MakeRedisSettings(options_);
  EXPECT_TRUE(settings.ok()) << settings.error().message;
  store_ = std::make_unique<RedisStore>(
      StoreContext{.options = options_, .keys = keys_, .clock = clock_, .registry = registry_},
      settings.value());
  store_->Start(*this);
}

RedisSidecar::~RedisSidecar() { store_->Stop(); }

EntryPtr RedisSidecar::MakeEntry(const std::string& name, const std::string& value) const {
  auto entry = std::make_shared<Entry>();
  entry->key = Key(name);
  entry->name = name;
  entry->body = value;
  entry->stored_at = clock_.Now();
  entry->lifetime.ttl = 300 * kNanosPerSecond;
  entry->SetHashes(keys_);
  return entry;
}

EntryPtr RedisSidecar::AskRedis(const std::string& name) {
  std::promise<std::pair<GetOutcome, EntryPtr>> answer;
  const Nanos before = clock_.Now();
  store_->Get(Key(name), 0, [&](GetOutcome outcome, EntryPtr entry) {
    answer.set_value({outcome, std::move(entry)});
  });
  auto [outcome, entry] = answer.get_future().get();
  last_get_ = outcome;
  last_get_took_ = clock_.Now() - before;
  return entry;
}

std::optional<std::string> RedisSidecar::Lookup(const std::string& name) {
  EntryPtr entry;
  if (state() == CacheState::kRedis) {
    entry = AskRedis(name);
    const std::lock_guard lock(mutex_);
    if (entry != nullptr) return Dead(*entry) ? std::nullopt : std::optional(entry->body);
    if (last_get_ == GetOutcome::kAbsent) return std::nullopt;
  }
  const std::lock_guard lock(mutex_);
  const auto found = memory_.find(name);
  if (found == memory_.end() || Dead(*found->second)) return std::nullopt;
  return found->second->body;
}

RedisSidecar::Token RedisSidecar::Begin() const {
  const std::lock_guard lock(mutex_);
  return {.epoch = epoch_, .position = position_};
}

bool RedisSidecar::Fill(const std::string& name, const std::string& value) {
  return Store(Begin(), name, value);
}

bool RedisSidecar::Store(const Token& token, const std::string& name, const std::string& value) {
  auto entry = std::make_shared<Entry>(*MakeEntry(name, value));
  entry->position = token.position;
  bool in_redis = false;
  {
    const std::lock_guard lock(mutex_);
    if (token.epoch != epoch_ || Dead(*entry)) return false;
    memory_[name] = entry;
    in_redis = state_ == CacheState::kRedis;
  }
  if (!in_redis) return true;
  std::promise<bool> written;
  store_->Put(entry, token.epoch, [&](bool done) { written.set_value(done); });
  return written.get_future().get();
}

void RedisSidecar::Publish(const Event& event) {
  std::uint64_t ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    ticket = ++ticket_;
    unconfirmed_[ticket] = event;
    if (state_ != CacheState::kRedis) Apply(event, ++position_);
  }
  store_->Publish(event, ticket);
}

void RedisSidecar::Invalidate(const std::string& name) {
  Publish({.kind = EventKind::kKey, .hash = keys_.NameHash(name)});
}

void RedisSidecar::Clear() { Publish({.kind = EventKind::kAll}); }

void RedisSidecar::Apply(const Event& event, Position position) {
  Position& target = event.kind == EventKind::kAll ? floor_ : exact_[event.hash];
  target = std::max(target, position);
}

bool RedisSidecar::Dead(const Entry& entry) const {
  if (entry.position < floor_) return true;
  const auto exact = exact_.find(entry.name_hash);
  if (exact != exact_.end() && entry.position < exact->second) return true;
  if (state_ != CacheState::kRedis) return false;
  return std::any_of(unconfirmed_.begin(), unconfirmed_.end(), [&](const auto& each) {
    return each.second.kind == EventKind::kAll || each.second.hash == entry.name_hash;
  });
}

std::uint64_t RedisSidecar::OnState(CacheState state) {
  const std::lock_guard lock(mutex_);
  // What only Redis was to number gets a number here.
  if (state_ == CacheState::kRedis) {
    for (const auto& [ticket, event] : unconfirmed_) Apply(event, ++position_);
  }
  state_ = state;
  return ++epoch_;
}

std::uint64_t RedisSidecar::OnRecovered(const Recovery& recovery) {
  const std::lock_guard lock(mutex_);
  memory_.clear();
  EXPECT_GE(recovery.position, position_) << "positions only grow";
  position_ = recovery.position;
  floor_ = std::max(floor_, recovery.floor);
  EXPECT_FALSE(recovery.new_log);
  ++recoveries_;
  state_ = CacheState::kRedis;
  return ++epoch_;
}

void RedisSidecar::OnEvent(const Event& event, Position position) {
  const std::lock_guard lock(mutex_);
  Apply(event, position);
  position_ = std::max(position_, position);
}

void RedisSidecar::OnConfirmed(const Tickets& tickets, Position position) {
  const std::lock_guard lock(mutex_);
  const auto first = unconfirmed_.lower_bound(tickets.first);
  const auto last = unconfirmed_.upper_bound(tickets.last);
  for (auto each = first; each != last; ++each) Apply(each->second, position);
  unconfirmed_.erase(first, last);
}

void RedisSidecar::RaiseFloor(Position position, std::string_view /*cause*/) {
  const std::lock_guard lock(mutex_);
  floor_ = std::max(floor_, position);
}

bool RedisSidecar::WaitFor(CacheState wanted, std::chrono::milliseconds limit) const {
  return Eventually([&] { return state() == wanted; }, limit);
}

CacheState RedisSidecar::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::size_t RedisSidecar::unconfirmed() const {
  const std::lock_guard lock(mutex_);
  return unconfirmed_.size();
}

Position RedisSidecar::floor() const {
  const std::lock_guard lock(mutex_);
  return floor_;
}

int RedisSidecar::recoveries() const {
  const std::lock_guard lock(mutex_);
  return recoveries_;
}

double RedisSidecar::errors(StoreError reason) {
  return registry_
      .AddCounter(kCacheStoreErrorsTotal,
                  {"redis", kStoreErrorNames[static_cast<std::size_t>(reason)]})
      .Value();
}

}  // namespace pgsidecar::cache
