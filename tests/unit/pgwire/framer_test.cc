#include "pgwire/framer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/pgwire/messages.h"

namespace pgsidecar::pgwire {
namespace {

using namespace testing;

std::string Describe(const BodyTable& table, const std::vector<std::string>& reads) {
  Framer framer(table);
  std::string out;
  for (const std::string& read : reads) {
    std::string_view bytes = read;
    Frame frame;
    for (bool more = true; more;) {
      switch (framer.Next(bytes, frame)) {
        case Framer::Status::kFrame:
          if (frame.first) out += frame.type;
          if (frame.use == BodyUse::kHead || frame.use == BodyUse::kText) out += frame.body;
          if (frame.last) out += '|';
          break;
        case Framer::Status::kNeedMore:
          more = false;
          break;
        case Framer::Status::kUnknownType:
          return out + "unknown";
        case Framer::Status::kBadLength:
          return out + "bad length";
      }
    }
  }
  return out + (framer.at_boundary() ? "." : "...");
}

TEST(Framer, FindsTheSameFramesHoweverTheBytesAreCut) {
  const std::string bytes =
      DataRow() + Complete("SELECT 1") + Ready() + Error("42P01") + RowDescription() + Suspended();
  const std::string expected = Describe(kBackendMessages, {bytes});
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(Describe(kBackendMessages, {bytes.substr(0, cut), bytes.substr(cut)}), expected)
        << cut;
  }
  EXPECT_TRUE(expected.ends_with("s|."));
}

TEST(Framer, RejectsImpossibleLengths) {
  for (const std::uint32_t length : {0U, 3U, 0x40000001U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
    EXPECT_EQ(Describe(kFrontendMessages, {"Q" + Int32(length)}), "bad length") << length;
    EXPECT_EQ(Describe(kBackendMessages, {"D" + Int32(length)}), "bad length") << length;
  }
}

TEST(Framer, AcceptsTheLargestMessageWithoutHoldingIt) {
  EXPECT_EQ(Describe(kBackendMessages, {"D" + Int32(kMessageLengthMax), std::string(1000, 'x')}),
            "D|...");
}

TEST(Framer, KnowsEveryMessageOfTheManualAndNoOther) {
  const std::string frontend = "BCDEFHPQSXcdfp", backend = "123ACDEGHIKNSTVWZcdnst";
  for (int type = 0; type < 256; ++type) {
    const std::string message = static_cast<char>(type) + Int32(4);
    const char c = static_cast<char>(type);
    EXPECT_EQ(Describe(kFrontendMessages, {message}) == "unknown",
              frontend.find(c) == std::string::npos)
        << type;
    EXPECT_EQ(Describe(kBackendMessages, {message}) == "unknown",
              backend.find(c) == std::string::npos)
        << type;
  }
}

TEST(Framer, KeepsOnlyTheHeadOfALongBody) {
  const std::string body(100'000, 'e');
  EXPECT_EQ(Describe(kBackendMessages, {Message('E', body)}),
            "E" + body.substr(0, kHeadBytes) + "|.");
  const std::string message = Message('E', body);
  EXPECT_EQ(Describe(kBackendMessages, {message.substr(0, 300), message.substr(300)}),
            "E" + body.substr(0, kHeadBytes) + "|.");
}

}  // namespace
}  // namespace pgsidecar::pgwire
