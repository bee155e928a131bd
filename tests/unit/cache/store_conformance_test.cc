#include "unit/cache/store_conformance.h"

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cache/memory_store.h"

namespace pgsidecar::cache {
namespace {

using namespace std::string_literals;

class MemoryUnderTest final : public StoreUnderTest {
 public:
  Store& store() override { return store_; }
  const Clock& clock() override { return clock_; }
  const KeySpace& keys() override { return keys_; }
  std::uint64_t epoch() override { return 1; }

 private:
  const SystemClock clock_;
  const KeySpace keys_{"", "default"};
  MemoryStore store_{{std::size_t{64} << 20U, std::size_t{1} << 20U}, clock_, nullptr};
};

std::vector<StoreCase> ConformingStores() {
  return {{"memory", [] { return std::make_unique<MemoryUnderTest>(); }}};
}

class StoreConformance : public testing::TestWithParam<StoreCase> {
 protected:
  void SetUp() override {
    under_test_ = GetParam().make();
    if (under_test_ == nullptr) GTEST_SKIP() << "cannot run here";
  }

  EntryKey Key(std::string_view name) { return under_test_->keys().Key(Door::kQuery, {name}); }
  std::shared_ptr<Entry> Make(std::string_view name, std::string body) {
    auto entry = std::make_shared<Entry>();
    entry->key = Key(name);
    entry->name = name;
    entry->body = std::move(body);
    entry->position = 5;
    entry->fill_cost = 1'000'000;
    entry->stored_at = under_test_->clock().Now();
    entry->lifetime = {60 * kNanosPerSecond, kNanosPerSecond, 2 * kNanosPerSecond};
    entry->SetHashes(under_test_->keys());
    return entry;
  }
  bool Put(EntryPtr entry) {
    std::promise<bool> done;
    under_test_->store().Put(std::move(entry), under_test_->epoch(),
                             [&done](bool written) { done.set_value(written); });
    return done.get_future().get();
  }
  std::pair<GetOutcome, EntryPtr> Get(std::string_view name) {
    std::promise<std::pair<GetOutcome, EntryPtr>> done;
    under_test_->store().Get(Key(name), 0, [&done](GetOutcome outcome, EntryPtr entry) {
      done.set_value({outcome, std::move(entry)});
    });
    return done.get_future().get();
  }
  std::string Body(std::string_view name) {
    const auto [outcome, entry] = Get(name);
    return outcome == GetOutcome::kFound ? entry->body : "(none)";
  }

  std::unique_ptr<StoreUnderTest> under_test_;
};

TEST_P(StoreConformance, WhatWasNeverPutIsAbsent) {
  const auto [outcome, entry] = Get("nothing");
  EXPECT_EQ(outcome, GetOutcome::kAbsent);
  EXPECT_EQ(entry, nullptr);
}

TEST_P(StoreConformance, GivesBackAllOfAnEntry) {
  auto put = Make("a", "body\0\r\n"s);
  put->tags = {"table:public.users", "db:app"};
  put->head = "head";
  put->flags = kNegative | 3U << kDoorFlags;
  put->SetHashes(under_test_->keys());
  ASSERT_TRUE(Put(put));
  const auto [outcome, got] = Get("a");
  ASSERT_EQ(outcome, GetOutcome::kFound);
  EXPECT_EQ(got->key, put->key);
  EXPECT_EQ(got->door, put->door);
  EXPECT_EQ(got->name, put->name);
  EXPECT_EQ(got->tags, put->tags);
  EXPECT_EQ(got->head, put->head);
  EXPECT_EQ(got->body, put->body);
  EXPECT_EQ(got->flags, put->flags);
  EXPECT_EQ(got->position, put->position);
  EXPECT_EQ(got->fill_cost, put->fill_cost);
  EXPECT_EQ(got->lifetime.ttl, put->lifetime.ttl);
  EXPECT_EQ(got->lifetime.stale_if_error, put->lifetime.stale_if_error);
  EXPECT_EQ(got->name_hash, put->name_hash);
  EXPECT_EQ(got->tag_hashes, put->tag_hashes);
  // Another process's clock may stand between.
  EXPECT_NEAR(static_cast<double>(got->stored_at - put->stored_at), 0, 0.1 * kNanosPerSecond);
}

TEST_P(StoreConformance, TheLastPutWins) {
  ASSERT_TRUE(Put(Make("a", "1")));
  ASSERT_TRUE(Put(Make("a", "2")));
  EXPECT_EQ(Body("a"), "2");
}

TEST_P(StoreConformance, KeysOfAnyBytesAreApart) {
  const std::vector<std::string> names = {"*", "?", "[a]", "a\r\nb", "{a}", "a\0b"s, "a", ""};
  for (const std::string& name : names) ASSERT_TRUE(Put(Make(name, "=" + name)));
  for (const std::string& name : names) EXPECT_EQ(Body(name), "=" + name);
  under_test_->store().Unlink(Key("*"));
  ASSERT_TRUE(Put(Make("later", "1")));  // Behind the Unlink, which does not answer.
  EXPECT_EQ(Body("*"), "(none)");
  EXPECT_EQ(Body("a"), "=a");
}

TEST_P(StoreConformance, UnlinkOfNothingIsNothing) {
  under_test_->store().Unlink(Key("nothing"));
  EXPECT_EQ(Body("nothing"), "(none)");
}

TEST_P(StoreConformance, TakesAnEmptyAndALargeValue) {
  ASSERT_TRUE(Put(Make("empty", "")));
  EXPECT_EQ(Body("empty"), "");
  const std::string large(900'000, '\xff');
  ASSERT_TRUE(Put(Make("large", large)));
  EXPECT_EQ(Body("large"), large);
}

TEST_P(StoreConformance, PutNeedsNoCallback) {
  under_test_->store().Put(Make("a", "1"), under_test_->epoch(), nullptr);
  ASSERT_TRUE(Put(Make("b", "2")));
  EXPECT_EQ(Body("a"), "1");
}

TEST_P(StoreConformance, EveryCallIsAnsweredOnceFromManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 100;
  std::atomic<int> answered = 0;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t, &answered, &wrong] {
      for (int i = 0; i < kEach; ++i) {
        const std::string name = std::to_string(t) + "." + std::to_string(i);
        if (!Put(Make(name, name)) || Body(name) != name) ++wrong;
        ++answered;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, kThreads * kEach);
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance, testing::ValuesIn(ConformingStores()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace pgsidecar::cache
