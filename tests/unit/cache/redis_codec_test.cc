#include "cache/redis_codec.h"

#include <gmock/gmock.h>

#include <array>

namespace pgsidecar::cache {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;  // NOLINT

constexpr RedisLimits kSmall = {.bulk_bytes = 10, .elements = 4, .line_bytes = 16, .depth = 3};

/// Reads all replies; the error's message if there is one.
std::string ReadAll(std::string_view bytes, std::size_t piece, std::vector<RedisReply>& replies) {
  RedisReplyReader reader(kSmall);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const Status fed = reader.Feed(bytes.substr(at, piece));
    if (!fed.ok()) return fed.error().message;
    for (;;) {
      auto next = reader.Next();
      if (!next.ok()) return next.error().message;
      if (!next.value().has_value()) break;
      replies.push_back(*std::move(next).value());
    }
  }
  return {};
}

std::string Refusal(std::string_view bytes) {
  std::vector<RedisReply> replies;
  return ReadAll(bytes, bytes.size(), replies);
}

TEST(RedisCodec, EveryTypeAtEverySplit) {
  const std::string bytes =
      "+OK\r\n-ERR no\r\n:-42\r\n$5\r\na\r\nb\0\r\n$-1\r\n$0\r\n\r\n*2\r\n:1\r\n*1\r\n+x\r\n*0\r\n*-1\r\n"s;
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    std::vector<RedisReply> replies;
    ASSERT_EQ(ReadAll(bytes, piece, replies), "") << piece;
    ASSERT_EQ(replies.size(), 9U);
    EXPECT_EQ(replies[0].value().text(), "OK");
    EXPECT_TRUE(replies[1].value().is_error());
    EXPECT_EQ(replies[1].value().text(), "ERR no");
    EXPECT_EQ(replies[2].value().integer(), -42);
    EXPECT_EQ(replies[3].value().text(), "a\r\nb\0"s);
    EXPECT_TRUE(replies[4].value().is_nil());
    EXPECT_TRUE(replies[5].value().is_text());
    EXPECT_EQ(replies[5].value().text(), "");
    ASSERT_EQ(replies[6].value().size(), 2U);
    EXPECT_EQ(replies[6].value()[1][0].text(), "x");
    EXPECT_EQ(replies[7].value().size(), 0U);
    EXPECT_TRUE(replies[8].value().is_nil());
  }
}

TEST(RedisCodec, BoundsAreExact) {
  std::vector<RedisReply> replies;
  EXPECT_EQ(ReadAll("$10\r\n0123456789\r\n", 3, replies), "");
  EXPECT_THAT(Refusal("$11\r\n"), HasSubstr("a bulk string of 11 in a reply; the limit is 10"));
  EXPECT_THAT(Refusal("$9223372036854775807\r\n"), HasSubstr("the limit is 10"));
  EXPECT_EQ(ReadAll("*4\r\n:1\r\n:1\r\n:1\r\n:1\r\n", 3, replies), "");
  EXPECT_THAT(Refusal("*5\r\n"), HasSubstr("an array of 5"));
  EXPECT_THAT(Refusal("*4294967296\r\n"), HasSubstr("an array"));
  EXPECT_EQ(ReadAll("*1\r\n*1\r\n*1\r\n:1\r\n", 3, replies), "");
  EXPECT_THAT(Refusal("*1\r\n*1\r\n*1\r\n*1\r\n"), HasSubstr("a depth of 4"));
  EXPECT_EQ(ReadAll("+0123456789abcdef\r\n", 3, replies), "");
  EXPECT_THAT(Refusal("+0123456789abcdef0"), HasSubstr("a line of 17"));
  EXPECT_EQ(replies.size(), 4U);
}

TEST(RedisCodec, NonsenseIsRefused) {
  for (const std::string_view bytes :
       {"HTTP/1.1 200 OK\r\n", "%1\r\n", "\r\n", "$-2\r\n", "*-2\r\n", "$x\r\n", "$\r\n", ":\r\n",
        ":1x\r\n", "$3\r\nabcd\r\n", "$3\r\nabc\n\r", "+a\nb\r\n", "+a\rb\r\n",
        ":99999999999999999999\r\n", ":000000000000000000000000001\r\n", "\x80"}) {
    EXPECT_NE(Refusal(bytes), "") << bytes;
  }
}

TEST(RedisCodec, ScannerKnowsWholeReplies) {
  RedisScanner scanner(kSmall);
  EXPECT_TRUE(scanner.at_boundary());
  ASSERT_TRUE(scanner.Feed("*2\r\n$1\r\na").ok());
  EXPECT_FALSE(scanner.at_boundary());
  ASSERT_TRUE(scanner.Feed("\r\n:1\r\n").ok());
  EXPECT_TRUE(scanner.at_boundary());
}

TEST(RedisCodec, CommandsAreLengthPrefixed) {
  std::string out = "before ";
  const std::string evil = "a b\r\n\0*"s;
  ASSERT_TRUE(AppendCommand(out, std::array<std::string_view, 3>{"SET", evil, ""}));
  EXPECT_EQ(out, "before *3\r\n$3\r\nSET\r\n$7\r\na b\r\n\0*\r\n$0\r\n\r\n"s);
}

TEST(RedisCodec, ServerTime) {
  const auto time = [](std::string_view bytes) {
    std::vector<RedisReply> replies;
    EXPECT_EQ(ReadAll(bytes, bytes.size(), replies), "");
    return ParseServerTime(replies.at(0).value());
  };
  EXPECT_EQ(time("*2\r\n$2\r\n12\r\n$1\r\n5\r\n"), 12 * kNanosPerSecond + 5000);
  EXPECT_EQ(time("*2\r\n$2\r\n12\r\n$7\r\n1000000\r\n"), std::nullopt);
  EXPECT_EQ(time("*2\r\n$2\r\n-1\r\n$1\r\n0\r\n"), std::nullopt);
  EXPECT_EQ(time("*2\r\n$10\r\n9999999999\r\n$1\r\n0\r\n"), std::nullopt);
  EXPECT_EQ(time("*1\r\n$2\r\n12\r\n"), std::nullopt);
  EXPECT_EQ(time("+12\r\n"), std::nullopt);
}

}  // namespace
}  // namespace pgsidecar::cache
