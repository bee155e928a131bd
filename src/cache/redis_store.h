#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cache/entry_codec.h"
#include "cache/redis_books.h"
#include "cache/redis_machine.h"
#include "cache/redis_settings.h"
#include "cache/store.h"
#include "cache/store_factory.h"
#include "net/event_loop.h"
#include "net/resolver.h"

namespace pgsidecar::cache {

/// The cache in Redis and the invalidation log that sidecars share, on a thread of its own. A
/// failure of Redis is an answer without a value, and comes within the soft deadline.
class RedisStore final : public RemoteStore, net::PassObserver {
 public:
  /// `context` outlives it.
  RedisStore(const StoreContext& context, const RedisSettings& settings);
  ~RedisStore() override;

  StoreKind kind() const override { return StoreKind::kRedis; }
  void Get(const EntryKey& key, Nanos deadline, GetDone done) override;
  void Put(EntryPtr entry, std::uint64_t epoch, PutDone done) override;
  void Unlink(const EntryKey& key) override;
  void Start(RemoteSink& sink) override;
  void Stop() override;
  void Publish(const Event& event, std::uint64_t ticket) override;

 private:
  using Work = std::function<void()>;
  /// A look-up, until Redis answered or nobody waits for it any more.
  struct Asked {
    EntryKey key = {};
    Nanos started = 0;
    Nanos due = 0;
    std::uint64_t epoch = 0;  ///< In which it was sent.
    GetDone done = {};        ///< Empty once it was called.
  };
  using AskedPtr = std::shared_ptr<Asked>;  ///< Owned by the command and the queue of deadlines.
  struct Written {
    EntryPtr entry = {};
    std::uint64_t epoch = 0;
    PutDone done = {};
    Nanos started = 0;
  };

  void OnPassEnd(Nanos /*busy*/) override {}
  /// False once it is stopped: nothing runs any more.
  bool Post(Work work);
  void RunInbox();

  void Ask(const AskedPtr& asked);
  void OnFound(Asked& asked, const RedisAnswer& answer);
  EntryPtr Decode(Asked& asked, std::string_view bytes);
  void Answer(Asked& asked, GetOutcome outcome, EntryPtr entry);
  void OnSoftDeadline();
  void Write(const Written& written);
  void OnWritten(const Written& written, const RedisAnswer& answer);
  void Finish(const Written& written, bool done);
  void Remove(const EntryKey& key);

  const KeySpace& keys_;
  const Clock& clock_;
  const Nanos soft_timeout_;
  RedisBooks books_;
  std::atomic<Nanos> clock_offset_{0};
  std::atomic<std::size_t> reads_{0};        ///< Look-ups that were not answered.
  std::atomic<std::size_t> writes_{0};       ///< Writes that did not end.
  std::atomic<std::size_t> write_bytes_{0};  ///< Charged to those.

  std::mutex mutex_;
  std::vector<Work> inbox_;  ///< Guarded by mutex_.
  bool stopped_ = false;     ///< Guarded by mutex_.

  net::EventLoop loop_;
  net::Resolver resolver_;
  std::deque<AskedPtr> asked_;  ///< This and the rest: the thread's while that runs.
  net::Timer soft_;
  Nanos soft_due_ = 0;  ///< When that rings; 0: not at all.
  RedisMachine machine_;
  std::thread thread_;
};

/// The row of the factory.
Result<std::unique_ptr<RemoteStore>> MakeRedisStore(const StoreContext& context);

}  // namespace pgsidecar::cache
