#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "unit/cache/fixture.h"

namespace pgsidecar::cache {
namespace {

constexpr Nanos kSecond = kNanosPerSecond;

/// The answers of look-ups that wait, in the order they came.
class Answers {
 public:
  LookupDone Next() {
    const std::lock_guard lock(mutex_);
    const std::size_t index = answered_.size();
    answered_.push_back(false);
    results_.emplace_back();
    return [this, index](LookupResult result) {
      const std::lock_guard inner(mutex_);
      EXPECT_FALSE(answered_[index]) << "answered twice";
      answered_[index] = true;
      results_[index] = std::move(result);
    };
  }
  bool answered(std::size_t index) {
    const std::lock_guard lock(mutex_);
    return answered_[index];
  }
  LookupResult& at(std::size_t index) { return results_[index]; }
  std::size_t Count(LookupKind kind) {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (std::size_t i = 0; i < results_.size(); ++i) {
      if (answered_[i] && results_[i].kind == kind) ++count;
    }
    return count;
  }

 private:
  std::mutex mutex_;
  std::vector<bool> answered_;
  std::deque<LookupResult> results_;
};

class SingleFlight : public testing::Test {
 protected:
  WaitId Wait(std::string_view name = "a", AfterFailure after = AfterFailure::kShareError) {
    LookupRequest request = cache_.Request(name);
    request.after_failure = after;
    return cache_.core->Lookup(request, answers_.Next());
  }
  double Misses() { return cache_.Sample(R"(misses_total{cache="query",store="memory"})"); }
  double Coalesced() { return cache_.Sample(R"(coalesced_requests_total{cache="query"})"); }

  CoreFixture cache_;
  Answers answers_;
};

TEST_F(SingleFlight, AThousandMissesOfOneKeyAreOneFetch) {
  constexpr int kThreads = 8;
  constexpr int kEach = 125;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] {
      for (int k = 0; k < kEach; ++k) Wait();
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(answers_.Count(LookupKind::kFill), 1U);
  EXPECT_EQ(cache_.core->stats().waiters, 999U);
  EXPECT_EQ(cache_.core->stats().fetches, 1U);
  for (std::size_t i = 0; i < 1'000; ++i) {
    if (answers_.at(i).ticket) answers_.at(i).ticket.Store(CoreFixture::MakeFill("1"));
  }
  EXPECT_EQ(answers_.Count(LookupKind::kShared), 999U);
  EXPECT_EQ(cache_.core->stats().waiters, 0U);
  EXPECT_EQ(cache_.core->stats().fetches, 0U);
  EXPECT_EQ(cache_.Sample(R"(lookups_total{cache="query",store="memory"})"), 1'000);
  EXPECT_EQ(Misses(), 1'000);
  EXPECT_EQ(Coalesced(), 999);
  EXPECT_EQ(cache_.Sample(R"(insertions_total{cache="query",store="memory"})"), 1);
}

TEST_F(SingleFlight, TheFirstWaiterTakesOverFromALeaderThatFailed) {
  Wait();
  Wait();
  Wait();
  EXPECT_TRUE(answers_.at(0).ticket.awaited());
  answers_.at(0).ticket.Fail({"no", "XX000", {}, false});
  ASSERT_TRUE(answers_.answered(1));
  ASSERT_EQ(answers_.at(1).kind, LookupKind::kFill);
  EXPECT_FALSE(answers_.answered(2));
  answers_.at(1).ticket.Store(CoreFixture::MakeFill("1"));
  EXPECT_EQ(answers_.at(2).kind, LookupKind::kShared);
  EXPECT_EQ(Misses(), 3);
  EXPECT_EQ(Coalesced(), 1);
}

TEST_F(SingleFlight, AfterTwoFailuresWaitersShareTheErrorOrFetch) {
  Wait();
  Wait();
  Wait();
  Wait("a", AfterFailure::kFetch);
  answers_.at(0).ticket.Fail({"first", "", {}, false});
  answers_.at(1).ticket.Fail({"second", "57014", {}, false});
  ASSERT_EQ(answers_.at(2).kind, LookupKind::kFailed);
  EXPECT_EQ(answers_.at(2).failure->message, "second");
  ASSERT_EQ(answers_.at(3).kind, LookupKind::kFill);
  answers_.at(3).ticket.Store(CoreFixture::MakeFill("1"));
  EXPECT_EQ(cache_.Value("a"), "1");
  EXPECT_EQ(Misses(), 4);
  EXPECT_EQ(Coalesced(), 1);
  EXPECT_TRUE(cache_.BooksBalance());
}

TEST_F(SingleFlight, AWaiterTakesOverWhenTheLeadersClientLeaves) {
  Wait();
  Wait();
  answers_.at(0).ticket = FillTicket();
  ASSERT_TRUE(answers_.answered(1));
  EXPECT_EQ(answers_.at(1).kind, LookupKind::kFill);
  EXPECT_EQ(cache_.Sample(R"(insertions_refused_total{cache="query",reason="interrupted"})"), 1);
  answers_.at(1).ticket = FillTicket();
  EXPECT_EQ(cache_.core->stats().fetches, 0U);
  EXPECT_EQ(Misses(), 2);
}

TEST_F(SingleFlight, AWaiterFetchesForItselfWhenItsTimeIsUp) {
  Wait();
  Wait();
  cache_.Advance(5 * kSecond - 1);
  cache_.core->Maintain();
  EXPECT_FALSE(answers_.answered(1));
  cache_.Advance(1);
  cache_.core->Maintain();
  ASSERT_TRUE(answers_.answered(1));
  ASSERT_EQ(answers_.at(1).kind, LookupKind::kFill);
  EXPECT_FALSE(answers_.at(1).ticket.may_store());
  answers_.at(1).ticket.Store(CoreFixture::MakeFill("own"));
  EXPECT_EQ(cache_.core->stats().fetches, 1U);
  answers_.at(0).ticket.Store(CoreFixture::MakeFill("first"));
  EXPECT_EQ(cache_.Value("a"), "first");
  EXPECT_EQ(Misses(), 2);
  EXPECT_EQ(Coalesced(), 0);
}

TEST_F(SingleFlight, TheRequestsOwnDeadlineEndsTheWait) {
  Wait();
  LookupRequest request = cache_.Request("a");
  request.deadline = cache_.clock.Now() + kSecond;
  cache_.core->Lookup(request, answers_.Next());
  cache_.Advance(kSecond);
  cache_.core->Maintain();
  EXPECT_EQ(answers_.at(1).kind, LookupKind::kFill);
  // Already over: no wait at all.
  cache_.core->Lookup(request, answers_.Next());
  EXPECT_EQ(answers_.at(2).kind, LookupKind::kFill);
}

TEST_F(SingleFlight, TheThreadReleasesOverdueWaiters) {
  const SystemClock clock;
  metrics::Registry registry(1);
  const Options options;
  Core core({options, clock, registry});
  core.Start(nullptr);
  LookupRequest request;
  request.name = "a";
  request.wait = 20'000'000;
  core.Lookup(request, answers_.Next());
  core.Lookup(request, answers_.Next());
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!answers_.answered(1) && std::chrono::steady_clock::now() < limit) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(answers_.answered(1));
  answers_.at(0).ticket = FillTicket();
  answers_.at(1).ticket = FillTicket();
}

TEST_F(SingleFlight, AWaiterCanBeWithdrawn) {
  EXPECT_EQ(Wait(), 0U);
  const WaitId id = Wait();
  ASSERT_NE(id, 0U);
  EXPECT_TRUE(cache_.core->Cancel(id));
  EXPECT_FALSE(cache_.core->Cancel(id));
  answers_.at(0).ticket.Store(CoreFixture::MakeFill("1"));
  EXPECT_FALSE(answers_.answered(1));
  EXPECT_EQ(cache_.Sample(R"(lookups_total{cache="query",store="memory"})"), 1);
}

TEST_F(SingleFlight, WaitersAreBounded) {
  for (int i = 0; i < 4'097; ++i) Wait();
  EXPECT_EQ(cache_.core->stats().waiters, 4'096U);
  Wait();
  ASSERT_EQ(answers_.at(4'097).kind, LookupKind::kFill);
  EXPECT_FALSE(answers_.at(4'097).ticket.may_store());
  answers_.at(4'097).ticket = FillTicket();
  answers_.at(0).ticket.Store(CoreFixture::MakeFill("1"));
  EXPECT_EQ(answers_.Count(LookupKind::kShared), 4'096U);
}

TEST_F(SingleFlight, NobodyQueuesBehindAnAnswerThatMayNotBeShared) {
  Wait();
  Wait();
  answers_.at(0).ticket.Discard(Refusal::kError);
  ASSERT_EQ(answers_.at(1).kind, LookupKind::kFill);
  answers_.at(1).ticket.Discard(Refusal::kError);
  Wait();
  Wait();
  EXPECT_EQ(answers_.at(2).kind, LookupKind::kFill);
  ASSERT_EQ(answers_.at(3).kind, LookupKind::kFill);
  // An answer that may be shared ends it.
  answers_.at(2).ticket.Store(CoreFixture::MakeFill("1"));
  answers_.at(3).ticket = FillTicket();
  EXPECT_EQ(cache_.Value("a"), "1");
  cache_.Purge("a");
  Wait();
  Wait();
  EXPECT_FALSE(answers_.answered(5));
  answers_.at(4).ticket.Discard(Refusal::kError);
  answers_.at(5).ticket = FillTicket();
  cache_.Advance(121 * kSecond);
  Wait();
  Wait();
  EXPECT_FALSE(answers_.answered(7));
  answers_.at(6).ticket = FillTicket();
  answers_.at(7).ticket = FillTicket();
}

// Who asks after a write was acknowledged may not get what was read before it.
TEST_F(SingleFlight, AWaiterThatCameAfterAnEventDoesNotGetTheOlderAnswer) {
  Wait();
  Wait();
  cache_.core->Invalidate(cache_.core->TagEvent("t"));
  Wait();
  Wait();
  answers_.at(0).ticket.Store(CoreFixture::MakeFill("old", {"t"}));
  ASSERT_EQ(answers_.at(1).kind, LookupKind::kShared);
  EXPECT_EQ(answers_.at(1).entry->body, "old");
  ASSERT_EQ(answers_.at(2).kind, LookupKind::kFill);
  EXPECT_FALSE(answers_.answered(3));
  answers_.at(2).ticket.Store(CoreFixture::MakeFill("new", {"t"}));
  EXPECT_EQ(answers_.at(3).entry->body, "new");
  EXPECT_EQ(cache_.Value("a"), "new");
}

TEST_F(SingleFlight, WaitersGetTheStaleEntryThatStandsIn) {
  Fill fill = CoreFixture::MakeFill("old");
  fill.ttl = kSecond;
  cache_.Lookup("a").ticket.Store(fill);
  cache_.Advance(2 * kSecond);
  Wait();
  Wait();
  EXPECT_NE(answers_.at(0).ticket.Fail({"down", "", {}, true}), nullptr);
  EXPECT_EQ(answers_.at(1).kind, LookupKind::kStale);
  EXPECT_EQ(answers_.at(1).entry->body, "old");
  EXPECT_EQ(cache_.Sample(R"(stale_total{cache="query",store="memory",reason="error"})"), 2);
  EXPECT_TRUE(cache_.BooksBalance());
}

// Threads that look up, fill, fail, invalidate: nothing is answered twice or never, and the books
// balance.
TEST_F(SingleFlight, BooksBalanceUnderFire) {
  constexpr int kThreads = 4;
  constexpr int kEach = 3'000;
  std::atomic<int> answered = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t, &answered] {
      for (int i = 0; i < kEach; ++i) {
        const std::string name = std::to_string(i * 7 % 5);
        cache_.core->Lookup(cache_.Request(name), [&answered, i](LookupResult result) {
          ++answered;
          if (result.kind != LookupKind::kFill) return;
          if (i % 11 == 0) {
            result.ticket.Fail({"no", "", {}, false});
          } else if (i % 13 == 0) {
            result.ticket.Discard(Refusal::kError);
          } else if (i % 17 != 0) {
            result.ticket.Store(CoreFixture::MakeFill("1", {"t"}));
          }
        });
        if (i % 50 == t) cache_.core->Invalidate(cache_.core->TagEvent("t"));
        if (i % 500 == t) cache_.core->Maintain();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, kThreads * kEach);
  EXPECT_EQ(cache_.Sample(R"(lookups_total{cache="query",store="memory"})"), kThreads * kEach);
  EXPECT_TRUE(cache_.BooksBalance());
  EXPECT_EQ(cache_.core->stats().fetches, 0U);
}

}  // namespace
}  // namespace pgsidecar::cache
