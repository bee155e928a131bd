#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "cache/keys.h"
#include "cache/options.h"
#include "cache/redis_store.h"
#include "cache/store.h"
#include "metrics/registry.h"

namespace pgsidecar::cache {

/// A sidecar reduced to what Redis and its log need to be judged: a map as memory, the rules of
/// invalidation written down as naively as they can be, and a real RedisStore.
class RedisSidecar : public RemoteSink {
 public:
  static Options OptionsFor(const std::string& url);

  explicit RedisSidecar(const std::string& url) : RedisSidecar(OptionsFor(url)) {}
  explicit RedisSidecar(const Options& options);
  ~RedisSidecar() override;

  /// What a look-up answers; nothing for a miss. Sets last_get() if Redis was asked.
  std::optional<std::string> Lookup(const std::string& name);
  /// A fetch that begins and ends now.
  bool Fill(const std::string& name, const std::string& value);

  /// When a fetch began.
  struct Token {
    std::uint64_t epoch = 0;
    Position position = 0;
  };
  Token Begin() const;
  /// Whether the value was stored anywhere.
  bool Store(const Token& token, const std::string& name, const std::string& value);

  void Invalidate(const std::string& name);
  void Clear();

  bool WaitFor(CacheState state, std::chrono::milliseconds limit = std::chrono::seconds(15)) const;
  CacheState state() const;
  std::size_t unconfirmed() const;
  Position floor() const;
  int recoveries() const;
  GetOutcome last_get() const { return last_get_; }
  Nanos last_get_took() const { return last_get_took_; }
  double errors(StoreError reason);
  EntryKey Key(const std::string& name) const { return keys_.Key(Door::kQuery, {name}); }
  RedisStore& store() { return *store_; }
  EntryPtr MakeEntry(const std::string& name, const std::string& value) const;

  std::uint64_t OnState(CacheState state) override;
  std::uint64_t OnRecovered(const Recovery& recovery) override;
  void OnEvent(const Event& event, Position position) override;
  void OnConfirmed(const Tickets& tickets, Position position) override;
  void RaiseFloor(Position position, std::string_view cause) override;

 private:
  void Publish(const Event& event);
  void Apply(const Event& event, Position position);
  bool Dead(const Entry& entry) const;
  EntryPtr AskRedis(const std::string& name);

  const Options options_;
  const KeySpace keys_;
  SystemClock clock_;
  metrics::Registry registry_{1};

  mutable std::mutex mutex_;  // Guards what follows.
  CacheState state_ = CacheState::kRecovering;
  std::uint64_t epoch_ = 0;
  std::uint64_t ticket_ = 0;
  Position position_ = 0;
  Position floor_ = 0;
  int recoveries_ = 0;
  std::map<std::uint64_t, Position> exact_;
  std::map<std::uint64_t, Event> unconfirmed_;  ///< By ticket.
  std::map<std::string, EntryPtr> memory_;

  GetOutcome last_get_ = GetOutcome::kUnavailable;  ///< The test's thread only.
  Nanos last_get_took_ = 0;
  std::unique_ptr<RedisStore> store_;
};

}  // namespace pgsidecar::cache
