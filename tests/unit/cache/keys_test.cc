#include "cache/keys.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace pgsidecar::cache {
namespace {

using namespace std::string_literals;

constexpr SipKey kPaperKey{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

std::string Counting(std::size_t length) {
  std::string bytes;
  for (std::size_t i = 0; i < length; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

// Appendix A of the paper.
TEST(SipHash, GivesTheVectorOfThePaper) {
  EXPECT_EQ(SipHash64(kPaperKey, Counting(15)), 0xa129ca6149be45e5U);
}

// vectors.h of the reference implementation: input 00, 01, 02, ... of the length given.
TEST(SipHash, GivesTheVectorsOfTheReference) {
  EXPECT_EQ(SipHash64(kPaperKey, ""), 0x726fdb47dd0e0e31U);
  EXPECT_EQ(SipHash64(kPaperKey, Counting(1)), 0x74f839c593dc67fdU);
  EXPECT_EQ(SipHash64(kPaperKey, Counting(8)), 0x93f5f5799a932462U);
  EXPECT_EQ(SipHash128(kPaperKey, ""), (Hash128{0xe6a825ba047f81a3U, 0x930255c71472f66dU}));
  EXPECT_EQ(SipHash128(kPaperKey, Counting(1)),
            (Hash128{0x44af996bd8c187daU, 0x45fc229b11597634U}));
}

TEST(SipHash, IsTheSameHoweverItIsFed) {
  const std::string bytes = Counting(67);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    SipHasher hasher(kPaperKey);
    hasher.Add(std::string_view(bytes).substr(0, cut));
    hasher.Add(std::string_view(bytes).substr(cut));
    EXPECT_EQ(hasher.Finish(), SipHash128(kPaperKey, bytes)) << cut;
  }
}

TEST(KeySpace, KeepsFieldsDoorsNamespacesAndSecretsApart) {
  const std::string secret(32, 's');
  const KeySpace keys(secret, "default");
  const KeySpace other_space(secret, "other");
  const KeySpace other_secret(std::string(31, 's') + "t", "default");
  const KeySpace no_secret("", "default");
  std::set<std::string> seen;
  const auto is_new = [&seen](const EntryKey& key) { return seen.insert(Hex(key)).second; };
  EXPECT_TRUE(is_new(keys.Key(Door::kQuery, {"ab", "c"})));
  EXPECT_TRUE(is_new(keys.Key(Door::kQuery, {"a", "bc"})));
  EXPECT_TRUE(is_new(keys.Key(Door::kQuery, {"abc"})));
  EXPECT_TRUE(is_new(keys.Key(Door::kQuery, {"abc", ""})));
  EXPECT_TRUE(is_new(keys.Key(Door::kHttp, {"abc"})));
  EXPECT_TRUE(is_new(other_space.Key(Door::kQuery, {"abc"})));
  EXPECT_TRUE(is_new(other_secret.Key(Door::kQuery, {"abc"})));
  EXPECT_TRUE(is_new(no_secret.Key(Door::kQuery, {"abc"})));
  EXPECT_FALSE(is_new(KeySpace(secret, "default").Key(Door::kQuery, {"abc"})));
  EXPECT_NE(keys.NameHash("x"), keys.TagHash("x"));
}

TEST(KeySpace, HexHasThirtyTwoDigits) {
  EXPECT_EQ(Hex({0x0123456789abcdefU, 0xfU}), "000000000000000f0123456789abcdef");
}

}  // namespace
}  // namespace pgsidecar::cache
