#include "cache/memory_store.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "unit/cache/fixture.h"

namespace pgsidecar::cache {
namespace {

constexpr std::size_t kKiB = 1024;

class MemoryStoreTest : public testing::Test {
 protected:
  EntryPtr Make(std::uint64_t number, std::size_t body_bytes = 100, Nanos ttl = kNanosPerSecond) {
    auto entry = std::make_shared<Entry>();
    entry->key = {number * 0x9e3779b97f4a7c15U, 0};  // All in one shard.
    entry->name = std::to_string(number);
    entry->body.assign(body_bytes, 'x');
    entry->stored_at = clock_.Now();
    entry->lifetime.ttl = ttl;
    return entry;
  }
  EntryPtr Find(std::uint64_t number) { return store_.Find({number * 0x9e3779b97f4a7c15U, 0}); }
  bool Holds(std::uint64_t number) {
    bool found = false;
    store_.Walk([&found, number](const Entry& entry) {
      found = found || entry.name == std::to_string(number);
      return MemoryStore::Verdict::kKeep;
    });
    return found;  // Unlike Find no use of the entry.
  }

  FakeClock clock_;
  std::map<Eviction, int> evictions_;
  MemoryStore store_{
      {8 * 64 * kKiB, kKiB* kKiB}, clock_, [this](Door, Eviction reason) { ++evictions_[reason]; }};
};

TEST_F(MemoryStoreTest, FindsWhatWasInserted) {
  const EntryPtr entry = Make(1);
  EXPECT_EQ(Find(1), nullptr);
  EXPECT_TRUE(store_.Insert(entry));
  EXPECT_EQ(Find(1), entry);
  EXPECT_EQ(store_.entries(Door::kQuery), 1U);
  EXPECT_EQ(store_.bytes(Door::kQuery), entry->charge_bytes());
  EXPECT_EQ(store_.entries(Door::kHttp), 0U);
}

TEST_F(MemoryStoreTest, ReplacesUnderTheSameKey) {
  store_.Insert(Make(1, 100));
  const EntryPtr second = Make(1, 300);
  store_.Insert(second);
  EXPECT_EQ(Find(1), second);
  EXPECT_EQ(store_.entries(Door::kQuery), 1U);
  EXPECT_EQ(store_.bytes(Door::kQuery), second->charge_bytes());
  EXPECT_EQ(evictions_[Eviction::kReplaced], 1);
}

TEST_F(MemoryStoreTest, RemovesOnlyTheEntryThatIsMeant) {
  const EntryPtr first = Make(1);
  store_.Insert(first);
  const EntryPtr second = Make(1);
  store_.Insert(second);
  EXPECT_FALSE(store_.Remove(*first, Eviction::kExpired));
  EXPECT_TRUE(store_.Remove(*second, Eviction::kExpired));
  EXPECT_EQ(Find(1), nullptr);
  EXPECT_EQ(store_.bytes(Door::kQuery), 0U);
}

TEST_F(MemoryStoreTest, NeverHoldsMoreThanItMay) {
  std::mt19937_64 random(1);
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    store_.Insert(Make(random() % 2'000, random() % 4'000));
    ASSERT_LE(store_.bytes(Door::kQuery), 64 * kKiB);
  }
  std::size_t bytes = 0;
  std::size_t entries = 0;
  store_.Walk([&](const Entry& entry) {
    bytes += entry.charge_bytes();
    ++entries;
    return MemoryStore::Verdict::kKeep;
  });
  EXPECT_EQ(bytes, store_.bytes(Door::kQuery));
  EXPECT_EQ(entries, store_.entries(Door::kQuery));
  EXPECT_GT(bytes, 50 * kKiB);
}

TEST_F(MemoryStoreTest, TakesNoEntryAboveAnEighthOfAShard) {
  EXPECT_TRUE(store_.Insert(Make(1, 8 * kKiB)));
  EXPECT_FALSE(store_.Insert(Make(2, 8 * kKiB + 1)));
  EXPECT_EQ(Find(2), nullptr);
}

TEST_F(MemoryStoreTest, AScanOfColdKeysEvictsNothingInUse) {
  for (std::uint64_t i = 0; i < 50; ++i) {
    store_.Insert(Make(i));
    Find(i);
    Find(i);
  }
  for (std::uint64_t i = 1'000; i < 6'000; ++i) store_.Insert(Make(i));
  for (std::uint64_t i = 0; i < 50; ++i) EXPECT_TRUE(Holds(i)) << i;
}

TEST_F(MemoryStoreTest, AKeyAskedForOnceLeavesWithTheScan) {
  store_.Insert(Make(1));
  Find(1);
  for (std::uint64_t i = 1'000; i < 2'000; ++i) store_.Insert(Make(i));
  EXPECT_FALSE(Holds(1));
  EXPECT_GT(evictions_[Eviction::kSize], 0);
}

TEST_F(MemoryStoreTest, AKeyThatComesBackSoonIsKept) {
  std::uint64_t next = 1'000;
  for (; next < 1'400; ++next) store_.Insert(Make(next));
  // The key that left last is remembered.
  std::uint64_t left = 1'000;
  while (left < next && !Holds(left)) ++left;
  --left;
  store_.Insert(Make(left));
  for (std::uint64_t i = 5'000; i < 6'000; ++i) store_.Insert(Make(i));
  EXPECT_TRUE(Holds(left));
}

TEST_F(MemoryStoreTest, ExpiredEntriesLeaveAsExpired) {
  for (std::uint64_t i = 0; i < 100; ++i) store_.Insert(Make(i));
  clock_.now += 2 * kNanosPerSecond;
  for (std::uint64_t i = 1'000; i < 2'000; ++i) store_.Insert(Make(i));
  EXPECT_GT(evictions_[Eviction::kExpired], 50);
}

TEST_F(MemoryStoreTest, WalkJudgesEveryEntryOnce) {
  for (std::uint64_t i = 0; i < 200; ++i) store_.Insert(Make(i));
  int seen = 0;
  store_.Walk([&seen](const Entry& entry) {
    ++seen;
    if (entry.name == "7") return MemoryStore::Verdict::kInvalidated;
    return entry.name == "8" ? MemoryStore::Verdict::kExpired : MemoryStore::Verdict::kKeep;
  });
  EXPECT_EQ(seen, 200);
  EXPECT_FALSE(Holds(7));
  EXPECT_FALSE(Holds(8));
  EXPECT_EQ(evictions_[Eviction::kInvalidated], 1);
  EXPECT_EQ(store_.entries(Door::kQuery), 198U);
}

TEST_F(MemoryStoreTest, AReaderKeepsWhatWasEvicted) {
  const EntryPtr held = [this] {
    store_.Insert(Make(1));
    return Find(1);
  }();
  store_.Clear(Eviction::kInvalidated);
  EXPECT_EQ(Find(1), nullptr);
  EXPECT_EQ(held->body.size(), 100U);
}

TEST_F(MemoryStoreTest, ThreadsMayDoAllOfThisAtOnce) {
  FakeClock clock;
  MemoryStore store({8 * 64 * kKiB, kKiB * kKiB}, clock, nullptr);
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&store, seed] {
      std::mt19937_64 random(seed);
      for (int i = 0; i < 5'000; ++i) {
        auto entry = std::make_shared<Entry>();
        entry->key = {random() % 500, random() % 8};
        entry->body.assign(random() % 1'000, 'x');
        entry->lifetime.ttl = kNanosPerSecond;
        if (i % 3 == 0) store.Insert(entry);
        if (const EntryPtr found = store.Find(entry->key); found && i % 7 == 0) {
          store.Remove(*found, Eviction::kInvalidated);
        }
        if (seed == 0 && i % 1'000 == 0) {
          store.Walk([](const Entry&) { return MemoryStore::Verdict::kKeep; });
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  store.Clear(Eviction::kSize);
  EXPECT_EQ(store.entries(Door::kQuery), 0U);
  EXPECT_EQ(store.bytes(Door::kQuery), 0U);
}

}  // namespace
}  // namespace pgsidecar::cache
