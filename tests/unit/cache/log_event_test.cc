#include "cache/log_event.h"

#include <gtest/gtest.h>

namespace pgsidecar::cache {
namespace {

/// An XRANGE reply with one entry of these fields.
std::string Range(const std::vector<std::string_view>& fields, const std::string& id = "5-1") {
  const auto bulk = [](std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
  };
  std::string reply = "*1\r\n*2\r\n" + bulk(id) + "*" + std::to_string(fields.size()) + "\r\n";
  for (const std::string_view each : fields) reply += bulk(each);
  return reply;
}

std::optional<std::vector<LogEntry>> Read(const std::string& reply, bool stream = false) {
  RedisReplyReader reader({});
  EXPECT_TRUE(reader.Feed(reply).ok());
  auto next = reader.Next();
  EXPECT_TRUE(next.ok() && next.value().has_value());
  const RedisValue value = next.value()->value();
  return stream ? ReadStream(value) : ReadRange(value);
}

std::optional<Event> ReadOne(const std::vector<std::string_view>& fields) {
  const auto entries = Read(Range(fields));
  EXPECT_TRUE(entries.has_value());
  return entries.has_value() ? entries->at(0).event : std::nullopt;
}

TEST(LogEvent, EveryKindSurvivesTheLog) {
  const std::string glob = "a*\r\n[!b]\\?" + std::string(1, '\0');
  for (const Event& event :
       {Event{.kind = EventKind::kKey, .hash = 0},
        Event{.kind = EventKind::kKey, .doors = Door::kHttp, .hash = ~std::uint64_t{0}},
        Event{.kind = EventKind::kTag, .hash = 0xabc}, Event{.kind = EventKind::kTable, .hash = 1},
        Event{.kind = EventKind::kPattern, .pattern = glob}, Event{.kind = EventKind::kAll},
        Event{.kind = EventKind::kFloor, .doors = Door::kQuery}}) {
    const LogFields fields(event);
    const auto texts = fields.Get();
    EXPECT_EQ(ReadOne({texts.begin(), texts.end()}), event);
  }
}

TEST(LogEvent, AMarkAndWhatIsNotOursSayNothing) {
  const LogFields mark = LogFields::Mark();
  const auto texts = mark.Get();
  EXPECT_EQ(ReadOne({texts.begin(), texts.end()}), std::nullopt);
  EXPECT_EQ(ReadOne({"foreign", "field"}), std::nullopt);
  EXPECT_EQ(ReadOne({"v", "x"}), std::nullopt);
}

TEST(LogEvent, WhatIsNotUnderstoodKillsAll) {
  const Event all{.kind = EventKind::kAll};
  for (const std::vector<std::string_view>& fields :
       std::vector<std::vector<std::string_view>>{{"k", "newer", "c", "3", "v", ""},
                                                  {"k", "key", "c", "3", "v", "short"},
                                                  {"k", "key", "c", "3", "v", "000000000000000g"},
                                                  {"k", "key", "c", "0", "v", "0000000000000000"},
                                                  {"k", "key", "c", "4", "v", "0000000000000000"},
                                                  {"k", "key", "c", "", "v", "0000000000000000"},
                                                  {"k", "key"},
                                                  {"k", "pattern", "c", "3", "v", ""},
                                                  {"k", "all", "c", "3", "v", "what"}}) {
    EXPECT_EQ(ReadOne(fields), all) << fields[1];
  }
  const std::string wide(257, '*');
  EXPECT_EQ(ReadOne({"k", "pattern", "c", "3", "v", wide}), all);
}

TEST(LogEvent, Ids) {
  EXPECT_EQ(ParseLogId("12-3"), (LogId{.ms = 12, .seq = 3}));
  EXPECT_EQ((LogId{.ms = 12, .seq = 3}).ToString(), "12-3");
  for (const char* text : {"", "12", "-", "12-", "-3", "a-1", "1-b", "1-2-3", "-1-2",
                           "18446744073709551615-0", "99999999999999999999-0"}) {
    EXPECT_EQ(ParseLogId(text), std::nullopt) << text;
  }
}

TEST(LogEvent, PositionsGrowWithIdsAndRoundToTheSafeSide) {
  constexpr std::uint64_t kMax = (std::uint64_t{1} << kSequenceBits) - 1;
  EXPECT_EQ(EventPosition({.ms = 1, .seq = 2}), (std::uint64_t{1} << kSequenceBits) + 2);
  EXPECT_EQ(EventPosition({.ms = 1, .seq = kMax}), ReadPosition({.ms = 1, .seq = kMax}));
  const LogId crowded{.ms = 1, .seq = kMax + 1};
  EXPECT_EQ(EventPosition(crowded), std::uint64_t{2} << kSequenceBits);
  EXPECT_EQ(ReadPosition(crowded), (std::uint64_t{2} << kSequenceBits) - 1);
  const std::uint64_t position = EventPosition({.ms = 7, .seq = kMax});
  EXPECT_EQ(NextLogId(position), (LogId{.ms = 8, .seq = 0}));
  EXPECT_GT(ReadPosition(NextLogId(position)), position);
}

TEST(LogEvent, RepliesOfAnotherShape) {
  EXPECT_FALSE(Read("+OK\r\n").has_value());
  EXPECT_FALSE(Read("*1\r\n:1\r\n").has_value());
  EXPECT_FALSE(Read("*1\r\n*2\r\n$1\r\nx\r\n*0\r\n").has_value());
  EXPECT_FALSE(Read("*2\r\n*0\r\n*0\r\n", true).has_value());
  EXPECT_EQ(Read("*0\r\n")->size(), 0U);
  EXPECT_EQ(Read("*-1\r\n", true)->size(), 0U);
  const auto stream = Read("*1\r\n*2\r\n$1\r\ns\r\n" + Range({"k", "mark"}, "9-9"), true);
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ(stream->at(0).id, (LogId{.ms = 9, .seq = 9}));
}

}  // namespace
}  // namespace pgsidecar::cache
