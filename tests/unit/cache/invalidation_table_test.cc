#include "cache/invalidation_table.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/glob.h"

namespace pgsidecar::cache {
namespace {

constexpr Nanos kAge = 100 * kNanosPerSecond;

const KeySpace& Keys() {
  static const KeySpace keys("", "default");
  return keys;
}

Event Of(EventKind kind, std::string_view argument) {
  Event event;
  event.kind = kind;
  if (kind == EventKind::kKey) event.hash = Keys().NameHash(argument);
  if (kind == EventKind::kTag) event.hash = Keys().TagHash(argument);
  if (kind == EventKind::kPattern) event.pattern = argument;
  return event;
}
Event Tag(std::string_view tag) { return Of(EventKind::kTag, tag); }

Entry Make(const FillToken& token, std::string name, std::vector<std::string> tags = {}) {
  Entry entry;
  entry.name = std::move(name);
  entry.tags = std::move(tags);
  entry.position = token.position;
  entry.SetHashes(Keys());
  return entry;
}

TableLimits Limits(std::size_t exact = 1'000, std::size_t patterns = 1'000) {
  TableLimits limits;
  limits.exact = exact;
  limits.patterns = patterns;
  limits.record_age = kAge;
  limits.token_age = kAge;
  return limits;
}

class InvalidationTableTest : public testing::Test {
 protected:
  bool IsDead(const Entry& entry) { return table_.IsDead(entry); }
  bool IsLate(const FillToken& token, const Entry& entry) { return table_.IsLate(token, entry, 0); }
  InvalidationTable table_{Limits()};
};

TEST_F(InvalidationTableTest, EachKindKillsWhatItNames) {
  const FillToken token = table_.Token(0);
  const Entry by_key = Make(token, "user:1");
  const Entry by_pattern = Make(token, "order:1");
  const Entry by_tag = Make(token, "x", {"a", "b"});
  const Entry other = Make(token, "y", {"c"});
  table_.Apply(Of(EventKind::kKey, "user:1"), 0);
  table_.Apply(Of(EventKind::kPattern, "order:*"), 0);
  table_.Apply(Tag("b"), 0);
  EXPECT_TRUE(IsDead(by_key));
  EXPECT_TRUE(IsDead(by_pattern));
  EXPECT_TRUE(IsDead(by_tag));
  EXPECT_FALSE(IsDead(other));
  table_.Apply(Of(EventKind::kAll, ""), 0);
  EXPECT_TRUE(IsDead(other));
}

TEST_F(InvalidationTableTest, AKeyIsNotATag) {
  const Entry entry = Make(table_.Token(0), "a", {"b"});
  Event event = Tag("a");
  event.hash = entry.name_hash;
  table_.Apply(event, 0);
  EXPECT_FALSE(IsDead(entry));
}

TEST_F(InvalidationTableTest, DoorsAreApart) {
  const Entry entry = Make(table_.Token(0), "a", {"t"});
  Event event = Of(EventKind::kFloor, "");
  event.doors = Door::kHttp;
  table_.Apply(event, 0);
  event = Tag("t");
  event.doors = Door::kHttp;
  table_.Apply(event, 0);
  EXPECT_FALSE(IsDead(entry));
  event.doors = Door::kQuery;
  table_.Apply(event, 0);
  EXPECT_TRUE(IsDead(entry));
}

TEST_F(InvalidationTableTest, ForgettingCostsMissesNeverTruth) {
  InvalidationTable table(Limits(/*exact=*/2, /*patterns=*/1));
  const FillToken before = table.Token(0);
  const Entry victim = Make(before, "v", {"first"});
  const Entry bystander = Make(before, "b", {"other"});
  table.Apply(Tag("first"), 0);
  table.Apply(Tag("second"), 0);
  EXPECT_FALSE(table.IsDead(bystander));
  table.Apply(Tag("third"), 0);
  EXPECT_EQ(table.exact(), 2U);
  EXPECT_TRUE(table.IsDead(victim));
  EXPECT_TRUE(table.IsDead(bystander));
  EXPECT_EQ(table.floor_cause(), "too many keys and tags");
  table.Apply(Of(EventKind::kPattern, "x*"), 0);
  const Entry young = Make(table.Token(0), "young");
  EXPECT_FALSE(table.IsDead(young));
  table.Apply(Of(EventKind::kPattern, "y*"), 0);
  EXPECT_TRUE(table.IsDead(young));
  EXPECT_EQ(table.patterns(), 1U);
}

TEST_F(InvalidationTableTest, RecordsLeaveSilentlyWhenNoEntryCanBeSoOld) {
  const FillToken token = table_.Token(0);
  const Entry entry = Make(token, "a", {"t"});
  table_.Apply(Tag("t"), 0);
  table_.Apply(Of(EventKind::kPattern, "a*"), 0);
  table_.Forget(kAge);
  EXPECT_EQ(table_.exact(), 1U);
  EXPECT_EQ(table_.patterns(), 1U);
  table_.Forget(kAge + 1);
  EXPECT_EQ(table_.exact(), 0U);
  EXPECT_EQ(table_.patterns(), 0U);
  EXPECT_EQ(table_.floor_cause(), "");
  // A fetch that old may not store what the forgotten record was about.
  EXPECT_TRUE(table_.IsLate(token, entry, kAge + 1));
}

TEST_F(InvalidationTableTest, OneHotTagDoesNotGrowTheTable) {
  InvalidationTable table(Limits(/*exact=*/10));
  for (int i = 0; i < 100'000; ++i) table.Apply(Tag("hot"), 0);
  for (int i = 0; i < 9; ++i) table.Apply(Tag(std::to_string(i)), 0);
  EXPECT_EQ(table.exact(), 10U);
  EXPECT_EQ(table.floor_cause(), "");
}

class WithLog : public InvalidationTableTest {
 protected:
  WithLog() {
    table_.UseLog();
    table_.Recover({true, 1'000, 900});
  }
};

TEST_F(WithLog, AnEventCountsAgainstEverythingUntilTheLogAnswers) {
  const FillToken before = table_.Token(0);
  const Entry old = Make(before, "a", {"t"});
  const std::uint64_t ticket = table_.Apply(Tag("t"), 0);
  EXPECT_NE(ticket, 0U);
  EXPECT_TRUE(IsDead(old));
  EXPECT_TRUE(IsLate(before, old));
  Entry foreign = Make(before, "a", {"t"});
  foreign.position = 1'500;  // Filled by a peer that may or may not know.
  EXPECT_TRUE(IsDead(foreign));
  EXPECT_EQ(table_.pending(), 1U);
  table_.Confirm({ticket, ticket}, 1'400);
  EXPECT_EQ(table_.pending(), 0U);
  EXPECT_FALSE(IsDead(foreign));
  EXPECT_TRUE(IsDead(old));
  EXPECT_EQ(table_.position(), 1'400U);
  const FillToken after = table_.Token(0);
  EXPECT_FALSE(IsLate(after, Make(after, "a", {"t"})));
}

TEST_F(WithLog, TwoEventsOfOneTagAreBothWaitedFor) {
  const std::uint64_t first = table_.Apply(Tag("t"), 0);
  const std::uint64_t second = table_.Apply(Tag("t"), 0);
  Entry foreign = Make(table_.Token(0), "a", {"t"});
  foreign.position = 5'000;
  table_.Confirm({first, first}, 1'100);
  EXPECT_TRUE(IsDead(foreign));
  table_.Confirm({second, second}, 1'200);
  EXPECT_FALSE(IsDead(foreign));
}

TEST_F(WithLog, WhatWasUnconfirmedStaysInvalidWhenTheLogIsLost) {
  const Entry old = Make(table_.Token(0), "a", {"t"});
  table_.Apply(Tag("t"), 0);
  table_.Leave(CacheState::kMemory);
  EXPECT_TRUE(IsDead(old));
  EXPECT_EQ(table_.position(), 1'001U);
  // Memory goes on: what is fetched now is good.
  const FillToken token = table_.Token(0);
  EXPECT_FALSE(IsLate(token, Make(token, "a", {"t"})));
  EXPECT_EQ(table_.pending(), 1U);
}

TEST_F(WithLog, AnEventOfTheOutageKillsWhatRedisKept) {
  Entry kept = Make(table_.Token(0), "a", {"t"});
  table_.Leave(CacheState::kMemory);
  const std::uint64_t ticket = table_.Apply(Tag("t"), 0);
  table_.Leave(CacheState::kRecovering);
  table_.Confirm({ticket, ticket}, 9'000);
  table_.Recover({false, 9'000, 900});
  EXPECT_TRUE(IsDead(kept));
  kept.position = 9'000;
  EXPECT_FALSE(IsDead(kept));
}

TEST_F(WithLog, ARecoveryThatOvertakesAConfirmationTrustsNothing) {
  table_.Leave(CacheState::kMemory);
  table_.Apply(Tag("t"), 0);
  table_.Recover({true, 50, 10});  // Another log, whose positions are lower.
  Entry foreign = Make(table_.Token(0), "a", {"t"});
  foreign.position = 49;
  EXPECT_TRUE(IsDead(foreign));
  table_.Confirm({1, 1}, 60);
  EXPECT_TRUE(IsDead(foreign));
  foreign.position = 60;
  EXPECT_FALSE(IsDead(foreign));
}

TEST_F(WithLog, EveryChangeOfStateRefusesTheFillsUnderWay) {
  const FillToken token = table_.Token(0);
  const Entry entry = Make(token, "a");
  EXPECT_FALSE(IsLate(token, entry));
  table_.Leave(CacheState::kMemory);
  EXPECT_TRUE(IsLate(token, entry));
  const FillToken in_memory = table_.Token(0);
  table_.Recover({false, 2'000, 900});
  EXPECT_TRUE(IsLate(in_memory, Make(in_memory, "a")));
}

TEST_F(WithLog, TheFloorKillsWhatIsOlder) {
  Entry entry = Make(table_.Token(0), "a");
  entry.position = 899;
  EXPECT_TRUE(IsDead(entry));
  entry.position = 900;
  EXPECT_FALSE(IsDead(entry));
  table_.RaiseFloor(3'000, "log trimmed");
  EXPECT_TRUE(IsDead(entry));
  EXPECT_EQ(table_.floor_cause(), "log trimmed");
}

TEST_F(WithLog, TooManyUnconfirmedEventsCountAsAClear) {
  TableLimits limits = Limits();
  limits.pending = 3;
  InvalidationTable table(limits);
  table.UseLog();
  table.Recover({true, 1'000, 0});
  Entry bystander = Make(table.Token(0), "b", {"other"});
  bystander.position = 1'000'000;
  for (int i = 0; i < 3; ++i) table.Apply(Tag(std::to_string(i)), 0);
  EXPECT_FALSE(table.IsDead(bystander));
  const std::uint64_t last = table.Apply(Tag("more"), 0);
  EXPECT_TRUE(table.IsDead(bystander));
  EXPECT_EQ(table.pending(), 4U);
  EXPECT_TRUE(table.IsPending(last));
  table.Confirm({1, last}, 2'000);
  EXPECT_EQ(table.pending(), 0U);
  EXPECT_FALSE(table.IsPending(last));
  EXPECT_FALSE(table.IsDead(bystander));
  bystander.position = 1'999;
  EXPECT_TRUE(table.IsDead(Entry(bystander)));
}

/// Every event that ever was, each tried on every entry.
struct NaiveTable {
  std::vector<std::pair<Event, Position>> log = {};

  bool IsDead(const Entry& entry) const {
    for (const auto& [event, position] : log) {
      if (position > entry.position && InvalidationTable::Names(event, entry)) return true;
    }
    return false;
  }
};

Event RandomEvent(std::mt19937_64& random) {
  const std::string number = std::to_string(random() % 12);
  switch (random() % 16) {
    case 0:
      return Of(EventKind::kAll, "");
    case 1:
    case 2:
    case 3:
      return Of(EventKind::kPattern, "?" + number + "*");
    case 4:
    case 5:
    case 6:
      return Of(EventKind::kKey, "n" + number);
    default:
      return Tag("t" + number);
  }
}

Entry RandomEntry(std::mt19937_64& random, const FillToken& token) {
  return Make(token, "n" + std::to_string(random() % 12),
              {"t" + std::to_string(random() % 12), "t" + std::to_string(random() % 12)});
}

TEST(InvalidationTableProperty, DecidesLikeAFullLog) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937_64 random(seed);
    InvalidationTable table(Limits());
    NaiveTable naive;
    std::vector<Entry> entries;
    for (int i = 0; i < 400; ++i) {
      if (random() % 3 == 0) {
        const Event event = RandomEvent(random);
        table.Apply(event, 0);
        naive.log.emplace_back(event, table.position());
      } else if (random() % 4 == 0 || entries.empty()) {
        entries.push_back(RandomEntry(random, table.Token(0)));
      } else {
        const Entry& entry = entries[random() % entries.size()];
        ASSERT_EQ(table.IsDead(entry), naive.IsDead(entry)) << "seed " << seed << " step " << i;
      }
    }
  }
}

// With places for next to nothing, and a log that answers late: dead is dead, though more may be.
TEST(InvalidationTableProperty, SmallTablesAndLateLogsNeverReviveAnEntry) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937_64 random(seed);
    TableLimits limits = Limits(1 + random() % 4, 1 + random() % 3);
    limits.pending = 1 + random() % 6;
    InvalidationTable table(limits);
    table.UseLog();
    Position log_id = 1'000;
    table.Recover({true, log_id, 0});
    std::vector<std::pair<std::uint64_t, std::uint64_t>> unconfirmed;  // Ticket; index in events.
    struct Known {
      Event event;
      std::size_t entries_before;  // Fetched before it: dead for good if it names them.
    };
    std::vector<Known> events;
    std::vector<Entry> entries;
    bool up = true;
    for (int i = 0; i < 300; ++i) {
      switch (random() % 8) {
        case 0:
        case 1: {
          const Event event = RandomEvent(random);
          unconfirmed.emplace_back(table.Apply(event, 0), events.size());
          events.push_back({event, entries.size()});
          break;
        }
        case 2:
          if (up && !unconfirmed.empty()) {
            const std::uint64_t ticket = unconfirmed.front().first;
            unconfirmed.erase(unconfirmed.begin());
            log_id += 10 + random() % 10;
            table.Confirm({ticket, ticket}, log_id);
          }
          break;
        case 3:
          if (random() % 6 != 0) break;
          if (up) {
            table.Leave(CacheState::kMemory);
          } else {
            log_id += 1'000;
            if (!unconfirmed.empty()) {
              table.Confirm({unconfirmed.front().first, unconfirmed.back().first}, log_id);
            }
            unconfirmed.clear();
            table.Recover({false, log_id, 0});
          }
          up = !up;
          break;
        case 4:
        case 5:
          entries.push_back(RandomEntry(random, table.Token(0)));
          break;
        default:
          for (std::size_t n = 0; n < entries.size(); ++n) {
            bool dead = false;
            for (const Known& known : events) {
              dead = dead || (n < known.entries_before &&
                              InvalidationTable::Names(known.event, entries[n]));
            }
            ASSERT_TRUE(!dead || table.IsDead(entries[n])) << "seed " << seed << " step " << i;
          }
      }
    }
  }
}

}  // namespace
}  // namespace pgsidecar::cache
