#include "cache/pending_events.h"

#include <gtest/gtest.h>

namespace pgsidecar::cache {
namespace {

Event Key(std::uint64_t hash) { return {.kind = EventKind::kKey, .hash = hash}; }

std::string Runs(const PendingEvent& event) {
  std::string text;
  for (const Tickets& each : event.tickets) {
    text += std::to_string(each.first) + "-" + std::to_string(each.last) + " ";
  }
  return text;
}

class PendingEventsTest : public ::testing::Test {
 protected:
  void Push(const Event& event, Nanos now = 0) {
    EXPECT_TRUE(pending_.Push(event, ++ticket_, now));
  }

  PendingEvents pending_;
  std::uint64_t ticket_ = 0;
};

TEST_F(PendingEventsTest, EqualOnesThatWaitAreOne) {
  Push(Key(1));
  Push(Key(2));
  Push(Key(1));
  Push(Key(1));
  EXPECT_EQ(pending_.size(), 2U);
  const auto first = pending_.Take(0);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->event, Key(1));
  EXPECT_EQ(Runs(*first), "1-1 3-4 ");
  EXPECT_EQ(pending_.size(), 2U) << "in flight is pending";
  pending_.Confirm(*first);
  EXPECT_EQ(pending_.size(), 1U);
}

TEST_F(PendingEventsTest, WhatDiffersIsNotOne) {
  Push(Key(1));
  Push({.kind = EventKind::kTag, .hash = 1});
  Push({.kind = EventKind::kKey, .doors = Door::kHttp, .hash = 1});
  Push({.kind = EventKind::kPattern, .pattern = "a"});
  Push({.kind = EventKind::kPattern, .pattern = "b"});
  EXPECT_EQ(pending_.size(), 5U);
}

TEST_F(PendingEventsTest, ARepeatWaitsTenMilliseconds) {
  Push(Key(1), 100);
  auto first = pending_.Take(100);
  ASSERT_TRUE(first.has_value());
  Push(Key(1), 101);
  Push(Key(2), 101);
  EXPECT_EQ(pending_.Take(102)->event, Key(2)) << "others do not wait for it";
  EXPECT_FALSE(pending_.Take(102).has_value());
  const Nanos due = 100 + PendingEvents::kSpacing;
  EXPECT_EQ(pending_.NextDue(), due);
  EXPECT_FALSE(pending_.Take(due - 1).has_value());
  EXPECT_EQ(pending_.Take(due)->event, Key(1));
  EXPECT_EQ(pending_.NextDue(), std::nullopt);
}

TEST_F(PendingEventsTest, WhatComesBackIsSentFirstAndMerges) {
  Push(Key(1));
  Push(Key(2));
  auto first = pending_.Take(0);
  ASSERT_TRUE(first.has_value());
  pending_.Return(*first);
  first = pending_.Take(0);
  EXPECT_EQ(first->event, Key(1));
  Push(Key(1));
  pending_.Return(*first);
  EXPECT_EQ(pending_.size(), 2U);
  EXPECT_EQ(pending_.Take(0)->event, Key(2));
  EXPECT_EQ(Runs(*pending_.Take(PendingEvents::kSpacing)), "1-1 3-3 ");
}

TEST_F(PendingEventsTest, OwedUntilConfirmed) {
  Push(Key(1));
  Push(Key(2));
  pending_.Owe();
  pending_.Owe();
  Push(Key(3));
  EXPECT_EQ(pending_.owed(), 2U);
  const auto one = pending_.Take(0);
  const auto two = pending_.Take(0);
  const auto three = pending_.Take(0);
  pending_.Confirm(*one);
  pending_.Confirm(*three);
  EXPECT_EQ(pending_.owed(), 1U);
  pending_.Return(*two);
  EXPECT_EQ(pending_.owed(), 1U);
  pending_.Confirm(*pending_.Take(0));
  EXPECT_EQ(pending_.owed(), 0U);
  EXPECT_EQ(pending_.size(), 0U);
}

TEST_F(PendingEventsTest, TwoThatAreOwedCanBecomeOne) {
  Push(Key(1));
  pending_.Owe();
  const auto first = pending_.Take(0);
  Push(Key(1));
  pending_.Owe();
  EXPECT_EQ(pending_.owed(), 2U);
  pending_.Return(*first);
  EXPECT_EQ(pending_.owed(), 1U);
  pending_.Confirm(*pending_.Take(PendingEvents::kSpacing));
  EXPECT_EQ(pending_.owed(), 0U);
}

TEST_F(PendingEventsTest, TooManyBecomeOneClear) {
  for (std::uint64_t i = 0; i < PendingEvents::kMax; ++i) Push(Key(i));
  Push(Key(7));
  EXPECT_FALSE(pending_.Push(Key(PendingEvents::kMax), ticket_ + 1, 0));
  pending_.Owe();
  pending_.Collapse();
  EXPECT_EQ(pending_.size(), 1U);
  EXPECT_EQ(pending_.owed(), 0U);
  Push({.kind = EventKind::kAll});
  const auto clear = pending_.Take(0);
  ASSERT_TRUE(clear.has_value());
  EXPECT_EQ(clear->event, Event{.kind = EventKind::kAll});
  EXPECT_EQ(Runs(*clear), "1-10002 ");
  EXPECT_FALSE(pending_.Take(0).has_value());
}

TEST_F(PendingEventsTest, RunsAreBoundedToo) {
  std::uint64_t pushed = 0;
  while (pending_.Push(Key(pushed % 2), pushed + 1, 0)) ++pushed;
  EXPECT_EQ(pushed, PendingEvents::kRunsMax);
  pending_.Collapse();
  EXPECT_TRUE(pending_.Push(Key(1), pushed + 1, 0));
}

TEST_F(PendingEventsTest, ManyNamesWithinTenMilliseconds) {
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    Push(Key(i), static_cast<Nanos>(i));
    const auto taken = pending_.Take(static_cast<Nanos>(i));
    ASSERT_TRUE(taken.has_value());
    pending_.Confirm(*taken);
  }
  EXPECT_EQ(pending_.size(), 0U);
}

}  // namespace
}  // namespace pgsidecar::cache
