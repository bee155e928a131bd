#include "cache/core.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/cache/fixture.h"

namespace pgsidecar::cache {
namespace {

using namespace std::string_literals;

constexpr Nanos kSecond = kNanosPerSecond;

class CoreTest : public testing::Test {
 protected:
  /// A fetch of `name` that takes `cost` and brings `fill`.
  Stored Fetch(std::string_view name, Fill fill, Nanos cost = 0) {
    LookupResult result = cache_.Lookup(name);
    EXPECT_EQ(result.kind, LookupKind::kFill);
    cache_.Advance(cost);
    return result.ticket.Store(std::move(fill));
  }

  CoreFixture cache_;
};

TEST_F(CoreTest, AMissIsFilledOnceAndThenHits) {
  const Stored stored = cache_.FillWith("a", "1");
  EXPECT_FALSE(stored.refused);
  EXPECT_EQ(stored.entry->body, "1");
  cache_.Advance(7 * kSecond);
  const LookupResult hit = cache_.Lookup("a");
  EXPECT_EQ(hit.kind, LookupKind::kHit);
  EXPECT_EQ(hit.entry->body, "1");
  EXPECT_EQ(hit.age, 7 * kSecond);
  EXPECT_EQ(cache_.Sample(R"(lookups_total{cache="query",store="memory"})"), 2);
  EXPECT_EQ(cache_.Sample(R"(hits_total{cache="query",store="memory"})"), 1);
  EXPECT_EQ(cache_.Sample(R"(misses_total{cache="query",store="memory"})"), 1);
  EXPECT_EQ(cache_.Sample(R"(insertions_total{cache="query",store="memory"})"), 1);
  EXPECT_EQ(cache_.Sample(R"(answer_age_seconds_sum{cache="query"})"), 7);
}

TEST_F(CoreTest, EmptyIsAValue) {
  cache_.FillWith("a", "");
  EXPECT_EQ(cache_.Value("a"), "");
}

TEST_F(CoreTest, AnEntryIsFreshForItsTtlToTheNanosecond) {
  Fill fill = CoreFixture::MakeFill("1");
  fill.ttl = 10 * kSecond;
  fill.stale_if_error = 0;
  Fetch("a", fill);
  cache_.Advance(10 * kSecond - 1);
  EXPECT_EQ(cache_.Value("a"), "1");
  cache_.Advance(1);
  EXPECT_EQ(cache_.Value("a"), std::nullopt);
  EXPECT_EQ(cache_.Sample(R"(evictions_total{cache="query",store="memory",reason="expired"})"), 1);
}

TEST_F(CoreTest, TheTtlIsShortenedByATenthAtMostAndNeverLengthened) {
  Nanos least = 1'000 * kSecond;
  Nanos most = 0;
  for (int i = 0; i < 500; ++i) {
    Fill fill = CoreFixture::MakeFill("1");
    fill.exact_lifetime = false;
    fill.ttl = 100 * kSecond;
    const Nanos ttl = Fetch(std::to_string(i), fill).entry->lifetime.ttl;
    least = std::min(least, ttl);
    most = std::max(most, ttl);
  }
  EXPECT_GE(least, 90 * kSecond);
  EXPECT_LT(least, 91 * kSecond);
  EXPECT_LE(most, 100 * kSecond);
  EXPECT_GT(most, 99 * kSecond);
}

TEST_F(CoreTest, NothingLivesLongerThanMaxTtl) {
  Fill fill = CoreFixture::MakeFill("1");
  fill.ttl = 100 * 24 * 3600 * kSecond;
  EXPECT_EQ(Fetch("a", fill).entry->lifetime.hard_ttl(), ToNanos(cache_.options.max_ttl));
  fill.ttl = ToNanos(cache_.options.max_ttl) - kSecond;
  EXPECT_EQ(Fetch("b", fill).entry->lifetime.hard_ttl(), ToNanos(cache_.options.max_ttl));
}

TEST_F(CoreTest, NegativeResultsLiveShorter) {
  Fill fill = CoreFixture::MakeFill("");
  fill.negative = true;
  EXPECT_EQ(Fetch("a", fill).entry->lifetime.ttl, ToNanos(cache_.options.negative_ttl));
  fill.ttl = 5 * kSecond;
  const Stored stored = Fetch("b", fill);
  EXPECT_EQ(stored.entry->lifetime.ttl, 5 * kSecond);
  EXPECT_EQ(stored.entry->flags & kNegative, kNegative);
}

TEST(CoreOptions, NegativeResultsCanBeOff) {
  Options options;
  options.negative_ttl = {};
  CoreFixture cache(options);
  Fill fill = CoreFixture::MakeFill("");
  fill.negative = true;
  LookupResult miss = cache.Lookup("a");
  EXPECT_TRUE(miss.ticket.Store(fill).refused);
  EXPECT_EQ(cache.Value("a"), std::nullopt);
}

TEST_F(CoreTest, WhileStaleOneCallerRenewsAndAllAreAnswered) {
  Fill fill = CoreFixture::MakeFill("old");
  fill.ttl = 10 * kSecond;
  fill.stale_while_revalidate = 5 * kSecond;
  Fetch("a", fill);
  cache_.Advance(11 * kSecond);
  LookupResult chosen = cache_.Lookup("a");
  EXPECT_EQ(chosen.kind, LookupKind::kStale);
  EXPECT_EQ(chosen.entry->body, "old");
  ASSERT_TRUE(chosen.ticket);
  EXPECT_EQ(chosen.ticket.stale(), chosen.entry);
  const LookupResult other = cache_.Lookup("a");
  EXPECT_EQ(other.kind, LookupKind::kStale);
  EXPECT_FALSE(other.ticket);
  chosen.ticket.Store(CoreFixture::MakeFill("new"));
  EXPECT_EQ(cache_.Value("a"), "new");
  EXPECT_EQ(cache_.Sample(R"(stale_total{cache="query",store="memory",reason="refreshing"})"), 2);
  EXPECT_EQ(cache_.Sample(R"(refreshes_total{cache="query",reason="stale"})"), 1);
  EXPECT_EQ(cache_.Sample(R"(misses_total{cache="query",store="memory"})"), 1);
  EXPECT_TRUE(cache_.BooksBalance());
}

TEST_F(CoreTest, ACallerThatRenewsItselfIsAMiss) {
  Fill fill = CoreFixture::MakeFill("old");
  fill.ttl = 10 * kSecond;
  fill.stale_while_revalidate = 5 * kSecond;
  Fetch("a", fill);
  cache_.Advance(11 * kSecond);
  LookupRequest request = cache_.Request("a");
  request.refresher = Refresher::kCaller;
  LookupResult chosen = cache_.Lookup(request);
  EXPECT_EQ(chosen.kind, LookupKind::kFill);
  EXPECT_EQ(cache_.Lookup(request).kind, LookupKind::kStale);
  chosen.ticket.Store(CoreFixture::MakeFill("new"));
  EXPECT_EQ(cache_.Sample(R"(misses_total{cache="query",store="memory"})"), 2);
  EXPECT_TRUE(cache_.BooksBalance());
}

TEST_F(CoreTest, AtMostEightRenewalsAreInTheBackground) {
  Fill fill = CoreFixture::MakeFill("old");
  fill.ttl = 10 * kSecond;
  fill.stale_while_revalidate = 5 * kSecond;
  for (int i = 0; i < 10; ++i) Fetch(std::to_string(i), fill);
  cache_.Advance(11 * kSecond);
  std::vector<LookupResult> results;
  int tickets = 0;
  for (int i = 0; i < 10; ++i) {
    results.push_back(cache_.Lookup(std::to_string(i)));
    EXPECT_EQ(results.back().kind, LookupKind::kStale);
    if (results.back().ticket) ++tickets;
  }
  EXPECT_EQ(tickets, 8);
  results[0].ticket.Store(fill);
  EXPECT_TRUE(cache_.Lookup("9").ticket);
}

TEST_F(CoreTest, AStaleEntryStandsInOnlyWhenTheOriginGaveNoAnswer) {
  Fill fill = CoreFixture::MakeFill("old");
  fill.ttl = 10 * kSecond;
  fill.stale_if_error = 60 * kSecond;
  Fetch("a", fill);
  cache_.Advance(30 * kSecond);
  LookupResult miss = cache_.Lookup("a");
  ASSERT_EQ(miss.kind, LookupKind::kFill);
  EXPECT_EQ(miss.ticket.Fail({"syntax error", "42601", {}, false}), nullptr);
  miss = cache_.Lookup("a");
  const EntryPtr stale = miss.ticket.Fail({"connection refused", "", {}, true});
  ASSERT_NE(stale, nullptr);
  EXPECT_EQ(stale->body, "old");
  cache_.Advance(41 * kSecond);
  miss = cache_.Lookup("a");
  EXPECT_EQ(miss.ticket.Fail({"connection refused", "", {}, true}), nullptr);
  EXPECT_EQ(cache_.Sample(R"(stale_total{cache="query",store="memory",reason="error"})"), 1);
  EXPECT_EQ(cache_.Sample(R"(insertions_refused_total{cache="query",reason="error"})"), 3);
  EXPECT_TRUE(cache_.BooksBalance());
}

TEST_F(CoreTest, AnInvalidatedEntryNeverStandsIn) {
  Fill fill = CoreFixture::MakeFill("old", {"t"});
  fill.ttl = 10 * kSecond;
  Fetch("a", fill);
  cache_.Advance(11 * kSecond);
  LookupResult miss = cache_.Lookup("a");
  cache_.core->Invalidate(cache_.core->TagEvent("t"));
  EXPECT_EQ(miss.ticket.Fail({"timeout", "", {}, true}), nullptr);
}

TEST_F(CoreTest, WhatIsExpensiveIsRenewedBeforeItExpires) {
  Fill fill = CoreFixture::MakeFill("1");
  fill.ttl = 100 * kSecond;
  Fetch("a", fill, /*cost=*/10 * kSecond);
  cache_.Advance(90 * kSecond);
  int early = 0;
  for (int i = 0; i < 1'000; ++i) {
    const LookupResult result = cache_.Lookup("a");
    ASSERT_EQ(result.kind, LookupKind::kHit);
    if (result.ticket) ++early;
  }
  // -10 s * ln(rand) >= 10 s for a share of 1/e.
  EXPECT_GT(early, 300);
  EXPECT_LT(early, 440);
}

TEST(CoreOptions, EarlyRefreshCanBeOff) {
  Options options;
  options.beta = 0;
  CoreFixture cache(options);
  LookupResult miss = cache.Lookup("a");
  cache.Advance(100 * kSecond);
  miss.ticket.Store(CoreFixture::MakeFill("1"));
  cache.Advance(ToNanos(options.default_ttl) - 1);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(cache.Lookup("a").ticket);
}

TEST_F(CoreTest, APatternDropsWhatItMatchesAndCountsIt) {
  for (const char* name : {"user:1", "user:2", "user:10", "server:1"}) cache_.FillWith(name, "x");
  EXPECT_EQ(cache_.Purge("user:?").memory, 2U);
  EXPECT_EQ(cache_.Value("user:1"), std::nullopt);
  EXPECT_EQ(cache_.Value("user:10"), "x");
  EXPECT_EQ(cache_.Purge("user:10").memory, 1U);
  EXPECT_EQ(cache_.Purge("user:10").memory, 0U);
  EXPECT_EQ(cache_.Value("server:1"), "x");
  EXPECT_EQ(cache_.Purge("*").memory, 1U);
  EXPECT_EQ(cache_.Sample(R"(invalidations_total{cache="query",kind="pattern"})"), 1);
  EXPECT_EQ(cache_.Sample(R"(invalidations_total{cache="query",kind="key"})"), 2);
  EXPECT_EQ(cache_.Sample(R"(invalidations_total{cache="query",kind="all"})"), 1);
  EXPECT_EQ(cache_.Sample(R"(evictions_total{cache="query",store="memory",reason="invalidated"})"),
            4);
}

TEST_F(CoreTest, ATagDropsEveryEntryThatCarriesIt) {
  cache_.FillWith("a", "1", {"table:public.users", "db:app"});
  cache_.FillWith("b", "2", {"table:public.orders", "db:app"});
  cache_.FillWith("c", "3");
  cache_.core->Invalidate(cache_.core->TagEvent("table:public.users"));
  EXPECT_EQ(cache_.Value("a"), std::nullopt);
  EXPECT_EQ(cache_.Value("b"), "2");
  EXPECT_EQ(cache_.core->Purge(cache_.core->TagEvent("db:app")).memory, 1U);
  EXPECT_EQ(cache_.Value("c"), "3");
  EXPECT_EQ(cache_.Sample(R"(invalidations_total{cache="query",kind="table"})"), 1);
  EXPECT_EQ(cache_.Sample(R"(invalidations_total{cache="query",kind="tag"})"), 1);
}

TEST_F(CoreTest, AnEventKillsOnlyWhatIsOlder) {
  cache_.FillWith("a", "1");
  cache_.Purge("a*");
  cache_.FillWith("a", "2");
  EXPECT_EQ(cache_.Value("a"), "2");
}

// The write-during-read hole: what was read before the write may not be stored after it.
TEST_F(CoreTest, AFetchThatAnEventOvertookIsNotStored) {
  LookupResult miss = cache_.Lookup("a");
  cache_.core->Invalidate(cache_.core->TagEvent("t"));
  const Stored stored = miss.ticket.Store(CoreFixture::MakeFill("old", {"t"}));
  EXPECT_EQ(stored.refused, Refusal::kRaced);
  EXPECT_EQ(stored.entry->body, "old");
  EXPECT_EQ(cache_.Value("a"), std::nullopt);
  EXPECT_EQ(cache_.Sample(R"(insertions_refused_total{cache="query",reason="raced"})"), 1);
}

TEST_F(CoreTest, AFetchIsStoredWhenTheEventMeantOthers) {
  LookupResult miss = cache_.Lookup("a");
  cache_.core->Invalidate(cache_.core->TagEvent("other"));
  cache_.Purge("b*");
  EXPECT_FALSE(miss.ticket.Store(CoreFixture::MakeFill("1", {"t"})).refused);
  EXPECT_EQ(cache_.Value("a"), "1");
}

TEST_F(CoreTest, AFetchOlderThanEveryRecordIsNotStored) {
  LookupResult miss = cache_.Lookup("a");
  cache_.Advance(ToNanos(cache_.options.max_ttl) + 1);
  EXPECT_EQ(miss.ticket.Store(CoreFixture::MakeFill("1")).refused, Refusal::kRaced);
}

TEST_F(CoreTest, WhatIsTooLargeIsAnsweredButNotKept) {
  const std::size_t most = cache_.options.max_entry_bytes;
  EXPECT_FALSE(cache_.FillWith("at", std::string(most - 4096, 'x')).refused);
  const Stored stored = cache_.FillWith("above", std::string(most + 1, 'x'));
  EXPECT_EQ(stored.refused, Refusal::kTooLarge);
  EXPECT_EQ(stored.entry->body.size(), most + 1);
  EXPECT_EQ(cache_.FillWith("tags", "x", std::vector<std::string>(17, "t")).refused,
            Refusal::kTooLarge);
  EXPECT_EQ(cache_.FillWith("tag", "x", {std::string(257, 't')}).refused, Refusal::kTooLarge);
  EXPECT_EQ(cache_.Value("above"), std::nullopt);
}

TEST(CoreOptions, TheCapOfAnEntryIsExact) {
  Options options;
  options.max_entry_bytes = 1000;
  CoreFixture cache(options);
  EXPECT_FALSE(cache.FillWith("at", std::string(1000, 'x')).refused);
  EXPECT_EQ(cache.FillWith("above", std::string(1001, 'x')).refused, Refusal::kTooLarge);
}

TEST_F(CoreTest, NamesOfAnyBytesAreExact) {
  const std::vector<std::string> names = {"*",      "?",     "[",         "[a]",     "a\r\nb",
                                          "{a}",    "a\0b"s, "\\",        "a*",      "ab",
                                          "ab\r\n", "",      "GET a\r\n", "\xff\xfe"};
  for (const std::string& name : names) ASSERT_FALSE(cache_.FillWith(name, "=" + name).refused);
  for (const std::string& name : names) EXPECT_EQ(cache_.Value(name), "=" + name);
  for (const std::string& name : names) {
    if (name.empty()) continue;
    std::string pattern;
    for (const char c : name)
      pattern += (c == '*' || c == '?' || c == '[' || c == '\\') ? std::string("\\") + c
                                                                 : std::string(1, c);
    EXPECT_EQ(cache_.Purge(pattern).memory, 1U) << pattern;
  }
  EXPECT_EQ(cache_.Purge("*").memory, 1U);  // The empty name.
}

TEST_F(CoreTest, ANameOfOneMegabyteIsAlwaysAMiss) {
  const std::string name(1U << 20U, 'n');
  for (int i = 0; i < 2; ++i) {
    LookupResult miss = cache_.Lookup(name);
    ASSERT_EQ(miss.kind, LookupKind::kFill);
    EXPECT_FALSE(miss.ticket.may_store());
    const Stored stored = miss.ticket.Store(CoreFixture::MakeFill("1"));
    EXPECT_EQ(stored.refused, Refusal::kTooLarge);
  }
  EXPECT_FALSE(cache_.FillWith(std::string(kNameBytesMax, 'n'), "1").refused);
  EXPECT_EQ(cache_.Sample(R"(misses_total{cache="query",store="memory"})"), 3);
}

TEST_F(CoreTest, BadPatternsAreErrors) {
  EXPECT_FALSE(cache_.core->PatternEvent("", DoorSet::All()).ok());
  EXPECT_FALSE(cache_.core->PatternEvent("[a", DoorSet::All()).ok());
  EXPECT_FALSE(cache_.core->PatternEvent(std::string(257, 'a'), DoorSet::All()).ok());
}

TEST_F(CoreTest, PeekNeitherFetchesNorWaits) {
  LookupResult peeked;
  const auto keep = [&peeked](LookupResult result) { peeked = std::move(result); };
  cache_.core->Peek(cache_.Request("a"), keep);
  EXPECT_EQ(peeked.kind, LookupKind::kMiss);
  EXPECT_EQ(cache_.core->stats().fetches, 0U);
  cache_.core->Put(cache_.Request("a"), CoreFixture::MakeFill("1"));
  cache_.core->Peek(cache_.Request("a"), keep);
  EXPECT_EQ(peeked.kind, LookupKind::kHit);
  cache_.Advance(301 * kSecond);
  cache_.core->Peek(cache_.Request("a"), keep);
  EXPECT_EQ(peeked.kind, LookupKind::kMiss);
  EXPECT_TRUE(cache_.BooksBalance());
}

TEST_F(CoreTest, AnInvalidationReachesTheDoorsItNames) {
  cache_.FillWith("a", "1");
  cache_.core->Purge(cache_.core->PatternEvent("a*", Door::kHttp).value());
  cache_.core->Purge(cache_.core->PatternEvent("*", Door::kHttp).value());
  cache_.core->Purge(cache_.core->PatternEvent("a", Door::kHttp).value());
  EXPECT_EQ(cache_.Value("a"), "1");
  EXPECT_EQ(cache_.Sample(R"(invalidations_total{cache="query",kind="all"})"), 0);
}

TEST_F(CoreTest, SweepingFreesWhatIsOverAndForgetsOldRecords) {
  cache_.FillWith("a", "1", {"t"});
  cache_.FillWith("b", "2");
  cache_.core->Invalidate(cache_.core->TagEvent("t"));
  EXPECT_EQ(cache_.core->stats().entries, 2U);
  cache_.core->Maintain();
  EXPECT_EQ(cache_.core->stats().entries, 1U);
  EXPECT_EQ(cache_.core->stats().exact, 1U);
  cache_.Advance(ToNanos(cache_.options.max_ttl) + 61 * kSecond);
  cache_.core->Maintain();
  EXPECT_EQ(cache_.core->stats().entries, 0U);
  EXPECT_EQ(cache_.core->stats().exact, 0U);
}

TEST_F(CoreTest, GaugesShowWhatMemoryHolds) {
  const Stored stored = cache_.FillWith("a", "1");
  EXPECT_EQ(cache_.Sample(R"(entries{cache="query",store="memory"})"), 1);
  EXPECT_EQ(cache_.Sample(R"(size_bytes{cache="query",store="memory"})"),
            static_cast<double>(stored.entry->charge_bytes()));
  EXPECT_EQ(cache_.Sample(R"(max_size_bytes{cache="query",store="memory"})"), 64.0 * 1024 * 1024);
}

TEST_F(CoreTest, ARegistryMayOutliveTheCore) {
  cache_.core.reset();
  EXPECT_NE(metrics::TextPage(cache_.registry), "");
}

}  // namespace
}  // namespace pgsidecar::cache
