// What the core makes of a shared store: routing, fallback, invalidation across processes. The
// store here is a server in this process that can be told to be down, silent or restarted.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "unit/cache/fixture.h"

namespace pgsidecar::cache {
namespace {

class TestRemote;

/// The server: entries by generation and key, and the log.
struct TestServer {
  std::map<std::pair<std::uint64_t, std::string>, EntryPtr> entries = {};
  std::vector<std::pair<Position, Event>> log = {};
  Position next_id = 1'000'000;
  std::uint64_t generation = 1;
  std::vector<TestRemote*> followers = {};

  Position Append(const Event& event) {
    next_id += 1'000;
    log.emplace_back(next_id, event);
    if (event.kind == EventKind::kAll) ++generation;
    return next_id;
  }
};

/// A connection to it. Single-threaded: everything is answered inline while it is up.
class TestRemote final : public RemoteStore {
 public:
  explicit TestRemote(TestServer& server) : server_(server) { server_.followers.push_back(this); }
  ~TestRemote() override { std::erase(server_.followers, this); }

  StoreKind kind() const override { return StoreKind::kRedis; }
  void Start(RemoteSink& sink) override { sink_ = &sink; }
  void Stop() override { up_ = false; }

  void Get(const EntryKey& key, Nanos /*deadline*/, GetDone done) override {
    ++gets;
    if (held) {
      waiting.push_back(std::move(done));
      return;
    }
    if (!up_ || silent) return done(GetOutcome::kUnavailable, nullptr);
    const auto found = server_.entries.find({server_.generation, Hex(key)});
    if (found == server_.entries.end()) return done(GetOutcome::kAbsent, nullptr);
    done(GetOutcome::kFound, std::make_shared<Entry>(*found->second));
  }
  void Put(EntryPtr entry, std::uint64_t epoch, PutDone done) override {
    const bool written = up_ && epoch == epoch_;
    if (written) server_.entries[{server_.generation, Hex(entry->key)}] = std::move(entry);
    if (done) done(written);
  }
  void Unlink(const EntryKey& key) override {
    server_.entries.erase({server_.generation, Hex(key)});
  }
  void Publish(const Event& event, std::uint64_t ticket) override {
    queue_.emplace_back(event, ticket);
    if (up_ && !slow_log) Flush();
  }

  /// Sends what is queued; everybody reads the log to its end.
  void Flush() {
    while (!queue_.empty()) {
      const auto [event, ticket] = queue_.front();
      queue_.pop_front();
      const Position position = server_.Append(event);
      sink_->OnConfirmed({ticket, ticket}, position);
    }
    for (TestRemote* follower : server_.followers) {
      if (follower->up_) follower->Read();
    }
  }
  void Lose() {
    up_ = false;
    sink_->OnState(CacheState::kMemory);
  }
  void Recover(bool new_log = false) {
    sink_->OnState(CacheState::kRecovering);
    Flush();
    Read();
    up_ = true;
    epoch_ = sink_->OnRecovered({new_log, server_.next_id, 0});
  }

  bool silent = false;
  bool held = false;
  bool slow_log = false;
  int gets = 0;
  std::deque<GetDone> waiting;

 private:
  void Read() {
    for (; read_ < server_.log.size(); ++read_) {
      sink_->OnEvent(server_.log[read_].second, server_.log[read_].first);
    }
  }

  TestServer& server_;
  RemoteSink* sink_ = nullptr;
  bool up_ = false;
  std::uint64_t epoch_ = 0;
  std::size_t read_ = 0;
  std::deque<std::pair<Event, std::uint64_t>> queue_;
};

Options WithRedis() {
  Options options;
  options.redis.url = "redis://localhost";
  options.redis.hard_timeout = std::chrono::milliseconds(1);
  return options;
}

/// One sidecar.
class Sidecar : public CoreFixture {
 public:
  explicit Sidecar(TestServer& server, Options with = WithRedis()) : CoreFixture(std::move(with)) {
    auto made = std::make_unique<TestRemote>(server);
    remote = made.get();
    core->Start(std::move(made));
  }
  ~Sidecar() { core.reset(); }

  TestRemote* remote;
};

TEST(Remote, BeginsInMemoryAndTurnsToRedisWhenRecovered) {
  TestServer server;
  Sidecar sidecar(server);
  EXPECT_EQ(sidecar.core->state(), CacheState::kRecovering);
  sidecar.FillWith("a", "1");
  EXPECT_EQ(sidecar.Value("a"), "1");
  EXPECT_EQ(sidecar.remote->gets, 0);
  sidecar.remote->Recover(/*new_log=*/true);
  EXPECT_EQ(sidecar.core->state(), CacheState::kRedis);
  EXPECT_EQ(sidecar.Value("a"), std::nullopt);  // Memory was emptied.
  EXPECT_EQ(sidecar.Sample(R"(state{state="redis"})"), 1);
  EXPECT_EQ(sidecar.Sample(R"(state{state="recovering"})"), 0);
  EXPECT_EQ(sidecar.Sample(R"(state_transitions_total{state="redis"})"), 1);
}

TEST(Remote, TwoSidecarsShareEntriesAndEvents) {
  TestServer server;
  Sidecar first(server);
  Sidecar second(server);
  first.remote->Recover(true);
  second.remote->Recover(true);
  first.FillWith("a", "1", {"t"});
  EXPECT_EQ(second.Value("a"), "1");
  EXPECT_EQ(second.Sample(R"(hits_total{cache="query",store="redis"})"), 1);
  EXPECT_EQ(first.Sample(R"(insertions_total{cache="query",store="redis"})"), 1);
  second.core->Invalidate(second.core->TagEvent("t"));
  EXPECT_EQ(first.Value("a"), std::nullopt);
  EXPECT_EQ(second.Value("a"), std::nullopt);
  first.FillWith("a", "2", {"t"});
  EXPECT_EQ(second.Value("a"), "2");
}

TEST(Remote, ThePatternReachesThePeer) {
  TestServer server;
  Sidecar first(server);
  Sidecar second(server);
  first.remote->Recover(true);
  second.remote->Recover(true);
  first.FillWith("user:1", "1");
  first.FillWith("server:1", "1");
  EXPECT_FALSE(second.Purge("user:*").pending);
  EXPECT_EQ(first.Value("user:1"), std::nullopt);
  EXPECT_EQ(first.Value("server:1"), "1");
  second.Purge("*");
  EXPECT_EQ(first.Value("server:1"), std::nullopt);
}

TEST(Remote, TheMemoryCopyAnswersWhenRedisDoesNot) {
  TestServer server;
  Sidecar sidecar(server);
  sidecar.remote->Recover(true);
  sidecar.FillWith("a", "1");
  sidecar.remote->silent = true;
  EXPECT_EQ(sidecar.Value("a"), "1");
  EXPECT_EQ(sidecar.Sample(R"(hits_total{cache="query",store="memory"})"), 1);
  EXPECT_EQ(sidecar.Value("b"), std::nullopt);
  EXPECT_EQ(sidecar.Sample(R"(misses_total{cache="query",store="memory"})"), 1);
  EXPECT_TRUE(sidecar.BooksBalance());
}

TEST(Remote, NearMemoryAsksRedisLessOften) {
  TestServer server;
  Options options = WithRedis();
  options.redis.near_ttl = std::chrono::seconds(1);
  Sidecar sidecar(server, options);
  sidecar.remote->Recover(true);
  sidecar.FillWith("a", "1");
  const int gets = sidecar.remote->gets;
  EXPECT_EQ(sidecar.Value("a"), "1");
  EXPECT_EQ(sidecar.remote->gets, gets);
  sidecar.Advance(kNanosPerSecond);
  EXPECT_EQ(sidecar.Value("a"), "1");
  EXPECT_EQ(sidecar.remote->gets, gets + 1);
}

TEST(Remote, MemoryCopiesLiveOnForAShortWhileOnly) {
  TestServer server;
  Sidecar sidecar(server);
  sidecar.remote->Recover(true);
  sidecar.FillWith("a", "1");
  sidecar.remote->Lose();
  sidecar.Advance(20 * kNanosPerSecond);
  EXPECT_EQ(sidecar.Value("a"), "1");
  sidecar.FillWith("b", "2");
  sidecar.Advance(10 * kNanosPerSecond);
  EXPECT_EQ(sidecar.Value("a"), std::nullopt);
  EXPECT_EQ(sidecar.Value("b"), "2");
  sidecar.Advance(20 * kNanosPerSecond);
  EXPECT_EQ(sidecar.Value("b"), std::nullopt);
}

TEST(Remote, APurgeDuringAnOutageIsPendingAndOutlivesIt) {
  TestServer server;
  Sidecar sidecar(server);
  sidecar.remote->Recover(true);
  sidecar.FillWith("user:1", "old");
  sidecar.remote->Lose();
  const Invalidated purged = sidecar.Purge("user:*");
  EXPECT_EQ(purged.memory, 1U);
  EXPECT_TRUE(purged.pending);
  EXPECT_EQ(sidecar.Sample("invalidations_pending"), 1);
  sidecar.remote->Recover();
  EXPECT_EQ(sidecar.Sample("invalidations_pending"), 0);
  EXPECT_EQ(sidecar.Value("user:1"), std::nullopt);
}

TEST(Remote, AFetchThatStraddlesAChangeOfStateIsNotStored) {
  TestServer server;
  Sidecar sidecar(server);
  sidecar.remote->Recover(true);
  LookupResult miss = sidecar.Lookup("a");
  sidecar.remote->Lose();
  sidecar.remote->Recover();
  EXPECT_EQ(miss.ticket.Store(CoreFixture::MakeFill("1")).refused, Refusal::kRaced);
  EXPECT_EQ(sidecar.Value("a"), std::nullopt);
}

TEST(Remote, AnUnconfirmedEventHidesWhatPeersFillMeanwhile) {
  TestServer server;
  Sidecar sidecar(server);
  Sidecar peer(server);
  sidecar.remote->Recover(true);
  peer.remote->Recover(true);
  sidecar.remote->slow_log = true;
  EXPECT_TRUE(sidecar.core->Invalidate(sidecar.core->TagEvent("t")).pending);
  peer.FillWith("a", "peer", {"t"});
  EXPECT_EQ(sidecar.Value("a"), std::nullopt);
  sidecar.remote->Flush();
  EXPECT_EQ(sidecar.Value("a"), std::nullopt);
  peer.FillWith("a", "newer", {"t"});
  EXPECT_EQ(sidecar.Value("a"), "newer");
}

TEST(Remote, ALookUpAtRedisCanBeWithdrawn) {
  TestServer server;
  Sidecar sidecar(server);
  sidecar.remote->Recover(true);
  sidecar.remote->held = true;
  bool answered = false;
  const WaitId id =
      sidecar.core->Lookup(sidecar.Request("a"), [&answered](LookupResult) { answered = true; });
  EXPECT_TRUE(sidecar.core->Cancel(id));
  sidecar.remote->waiting.front()(GetOutcome::kAbsent, nullptr);
  EXPECT_FALSE(answered);
  EXPECT_EQ(sidecar.Total("lookups_total"), 0);
}

TEST(Remote, APutThatFailsIsCounted) {
  TestServer server;
  Sidecar sidecar(server);
  sidecar.remote->Recover(true);
  sidecar.remote->Stop();
  EXPECT_FALSE(sidecar.FillWith("a", "1").refused);
  EXPECT_EQ(sidecar.Sample(R"(insertions_refused_total{cache="query",reason="store"})"), 1);
}

TEST(Remote, AClearReachesAPeerThatMissedTheLog) {
  TestServer server;
  Sidecar sidecar(server);
  Sidecar peer(server);
  sidecar.remote->Recover(true);
  peer.remote->Recover(true);
  peer.FillWith("a", "1");
  server.followers.clear();  // Nobody reads the log.
  sidecar.Purge("*");
  EXPECT_EQ(peer.Value("a"), std::nullopt);
}

/// Two sidecars, one server, any order of fills, events, outages and restarts: nobody who asks
/// after its own sidecar took an event, and no one at all while connected, gets what is older.
class Interleaving {
 public:
  explicit Interleaving(unsigned seed) : random_(seed) {
    for (Sidecar* sidecar : {&first_, &second_}) sidecar->remote->Recover(true);
  }

  void Step() {
    const std::size_t who = random_() % 2;
    Sidecar& sidecar = who == 0 ? first_ : second_;
    const std::string name = "k" + std::to_string(random_() % 3);
    switch (random_() % 8) {
      case 0: {
        ++version_[name];
        known_[who][name] = version_[name];
        if (up_[who] && up_[1 - who]) known_[1 - who][name] = version_[name];
        sidecar.core->Invalidate(random_() % 2 == 0
                                     ? sidecar.core->TagEvent(name)
                                     : sidecar.core->PatternEvent(name, DoorSet::All()).value());
        return;
      }
      case 1:
        if (random_() % 3 != 0) return;
        if (up_[who]) {
          sidecar.remote->Lose();
        } else {
          sidecar.remote->Recover();
          // Both know now what either knew, as far as they are connected.
          if (up_[1 - who]) Share();
        }
        up_[who] = !up_[who];
        return;
      default: {
        LookupResult result = sidecar.Lookup(name);
        if (result.kind == LookupKind::kFill) {
          result.ticket.Store(CoreFixture::MakeFill(std::to_string(version_[name]), {name}));
          return;
        }
        ASSERT_GE(std::stoi(result.entry->body), known_[who][name]) << name;
      }
    }
  }

 private:
  void Share() {
    for (auto& [name, version] : version_) {
      const int known = std::max(known_[0][name], known_[1][name]);
      known_[0][name] = known;
      known_[1][name] = known;
    }
  }

  std::mt19937_64 random_;
  TestServer server_;
  Sidecar first_{server_};
  Sidecar second_{server_};
  std::array<bool, 2> up_ = {true, true};
  std::map<std::string, int> version_;
  std::array<std::map<std::string, int>, 2> known_;
};

TEST(Remote, AThousandInterleavingsResurrectNothing) {
  for (unsigned seed = 0; seed < 1'000; ++seed) {
    Interleaving run(seed);
    for (int step = 0; step < 120; ++step) {
      run.Step();
      if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace pgsidecar::cache
