#include "admin/token_set.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace pgsidecar::admin {
namespace {

const std::string kFirst = "first-0123456789-0123456789-0123";
const std::string kSecond = "second-0123456789-0123456789-012";

TEST(SameBytes, ComparesEveryByteAndTheLength) {
  EXPECT_TRUE(SameBytes("", ""));
  EXPECT_TRUE(SameBytes("abc", "abc"));
  EXPECT_TRUE(SameBytes(std::string("a\0b\xff", 4), std::string("a\0b\xff", 4)));
  for (const auto& [a, b] : {std::pair<std::string, std::string>{"abc", "xbc"},
                             {"abc", "axc"},
                             {"abc", "abx"},
                             {"abc", "ab"},
                             {"", "a"},
                             {"abc", "abcd"},
                             {"abc", std::string("abc\0", 4)},
                             {"abc", "ABC"},
                             {"\x7f", "\xff"}}) {
    EXPECT_FALSE(SameBytes(a, b)) << a << " " << b;
    EXPECT_FALSE(SameBytes(b, a)) << b << " " << a;
  }
}

class TokenSetTest : public testing::Test {
 protected:
  TokenSetTest() : path_(testing::TempDir() + "tokens_" + std::to_string(getpid())) {}
  ~TokenSetTest() override { std::filesystem::remove_all(path_); }

  Result<TokenSet> Load(std::string_view text, mode_t mode = 0600) {
    std::ofstream(path_, std::ios::binary) << text;
    chmod(path_.c_str(), mode);
    return TokenSet::Load({.token_file = path_});
  }

  const std::string path_;
};

TEST_F(TokenSetTest, WithoutAnyNobodyGetsIn) {
  const auto tokens = TokenSet::Load({});
  ASSERT_TRUE(tokens.ok());
  EXPECT_TRUE(tokens.value().empty());
  EXPECT_FALSE(tokens.value().Contains(""));
  EXPECT_FALSE(tokens.value().Contains(kFirst));
}

TEST_F(TokenSetTest, TwoAreGoodAtOnce) {
  for (const std::string& text : {kFirst + "\n" + kSecond, kFirst + "\n" + kSecond + "\n",
                                  "\n" + kSecond + "\n\n" + kFirst + "\n\n"}) {
    const auto tokens = Load(text);
    ASSERT_TRUE(tokens.ok()) << tokens.error().message;
    EXPECT_FALSE(tokens.value().empty());
    EXPECT_TRUE(tokens.value().Contains(kFirst));
    EXPECT_TRUE(tokens.value().Contains(kSecond));
    for (const std::string& wrong :
         {std::string(), kFirst.substr(1), kFirst.substr(0, 31), kFirst + "x", kFirst + kSecond,
          kFirst + "\n", kFirst + "\n" + kSecond, "F" + kFirst.substr(1), std::string(4096, '\0'),
          std::string(1 << 20, 'x')}) {
      EXPECT_FALSE(tokens.value().Contains(wrong)) << wrong.substr(0, 80);
    }
  }
}

TEST_F(TokenSetTest, TheLongestIsCompared) {
  const std::string longest(kTokenBytesMax, '~');
  const auto tokens = Load(longest + "\n" + longest.substr(1) + "!\n");
  ASSERT_TRUE(tokens.ok()) << tokens.error().message;
  EXPECT_TRUE(tokens.value().Contains(longest));
  EXPECT_TRUE(tokens.value().Contains(longest.substr(1) + "!"));
  EXPECT_FALSE(tokens.value().Contains(longest.substr(1)));
  EXPECT_FALSE(tokens.value().Contains(longest + "~"));
}

TEST_F(TokenSetTest, CanComeFromTheEnvironmentInstead) {
  const auto tokens = TokenSet::Load({.token = kFirst});
  ASSERT_TRUE(tokens.ok());
  EXPECT_TRUE(tokens.value().Contains(kFirst));
  EXPECT_FALSE(tokens.value().world_readable());
}

TEST_F(TokenSetTest, SaysWhichRuleAFileBreaksAndNeverAToken) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "holds no token; "},
      {"\n\n", "holds no token; "},
      {kFirst + "\n" + kSecond + "\n" + kFirst + "\n", "holds 3 lines; "},
      {kFirst + "\n" + kFirst.substr(1) + "\n", "line 2 is shorter than 32 bytes; "},
      {"\n" + kFirst + std::string(kTokenBytesMax, 'x'), "line 2 is longer than 4096 bytes; "},
      {kFirst + " " + kSecond, "line 1 has a space or a byte that is not printable ASCII; "},
      {kFirst + "\r\n", "line 1 has a space or a byte that is not printable ASCII; "},
      {kFirst + "\xc3\xa9", "line 1 has a space or a byte that is not printable ASCII; "},
      {kFirst + std::string(1, '\0'), "line 1 has a space or a byte that is not printable ASCII; "},
      {std::string(100'000, 'x'), "is too large; "},
  };
  for (const auto& [text, problem] : cases) {
    const auto tokens = Load(text);
    ASSERT_FALSE(tokens.ok()) << problem;
    EXPECT_EQ(tokens.error().message,
              "'" + path_ + "' " + problem + "allowed: " + std::string(kTokensAllowed));
  }
}

TEST_F(TokenSetTest, SaysWhyAFileCannotBeRead) {
  const auto missing = TokenSet::Load({.token_file = path_});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message, "'" + path_ + "' cannot be read: No such file or directory");
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const auto pipe = TokenSet::Load({.token_file = path_});
  ASSERT_FALSE(pipe.ok());
  EXPECT_EQ(pipe.error().message, "'" + path_ + "' is not a regular file");
}

TEST_F(TokenSetTest, KnowsThatEverybodyCanReadTheFile) {
  EXPECT_FALSE(Load(kFirst, 0640).value().world_readable());
  EXPECT_TRUE(Load(kFirst, 0644).value().world_readable());
}

}  // namespace
}  // namespace pgsidecar::admin
