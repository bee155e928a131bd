#include "base/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace pgsidecar {
namespace {

using namespace std::string_literals;

TEST(Glob, MatchesTheWholeText) {
  EXPECT_TRUE(GlobMatches("user:42", "user:42"));
  EXPECT_FALSE(GlobMatches("user:42", "user:421"));
  EXPECT_FALSE(GlobMatches("user:42", "xuser:42"));
  EXPECT_FALSE(GlobMatches("user", ""));
}

TEST(Glob, StarIsAnyRunOfBytes) {
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("user:*", "user:"));
  EXPECT_TRUE(GlobMatches("user:*", "user:42:profile"));
  EXPECT_TRUE(GlobMatches("*user*", "the users"));
  EXPECT_FALSE(GlobMatches("*user*", "use"));
  EXPECT_TRUE(GlobMatches("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(GlobMatches("a*b*c", "a-b-c-"));
  EXPECT_TRUE(GlobMatches("*", "line\r\nline\0end"s));
}

TEST(Glob, QuestionMarkIsOneByte) {
  EXPECT_TRUE(GlobMatches("?", "\0"s));
  EXPECT_FALSE(GlobMatches("?", ""));
  EXPECT_FALSE(GlobMatches("?", "ab"));
  EXPECT_TRUE(GlobMatches("a?c*", "abc"));
}

TEST(Glob, ClassesHoldRangesAndNegation) {
  EXPECT_TRUE(GlobMatches("[a-c]x", "bx"));
  EXPECT_FALSE(GlobMatches("[a-c]x", "dx"));
  EXPECT_TRUE(GlobMatches("[!a-c]x", "dx"));
  EXPECT_FALSE(GlobMatches("[!a-c]", ""));
  EXPECT_TRUE(GlobMatches("[]]", "]"));
  EXPECT_TRUE(GlobMatches("[!]]", "a"));
  EXPECT_FALSE(GlobMatches("[!]]", "]"));
  EXPECT_TRUE(GlobMatches("[a-]", "-"));
  EXPECT_TRUE(GlobMatches(R"([\]\-])", "-"));
  EXPECT_TRUE(GlobMatches(R"([\]\-])", "]"));
  EXPECT_TRUE(GlobMatches("[\x80-\xff]", "\xe9"));
}

TEST(Glob, BackslashTakesTheNextByteLiterally) {
  EXPECT_TRUE(GlobMatches(R"(a\*b)", "a*b"));
  EXPECT_FALSE(GlobMatches(R"(a\*b)", "axb"));
  EXPECT_TRUE(GlobMatches(R"(\\)", "\\"));
  EXPECT_TRUE(GlobMatches(R"(\[x])", "[x]"));
}

TEST(Glob, RefusesWhatHasNoMeaning) {
  EXPECT_FALSE(CheckGlob("").ok());
  EXPECT_FALSE(CheckGlob("[abc").ok());
  EXPECT_FALSE(CheckGlob("[]").ok());
  EXPECT_FALSE(CheckGlob("[!]").ok());
  EXPECT_FALSE(CheckGlob(R"([a\])").ok());
  EXPECT_FALSE(CheckGlob("a\\").ok());
  EXPECT_FALSE(CheckGlob(std::string(257, 'a')).ok());
  EXPECT_TRUE(CheckGlob(std::string(256, 'a')).ok());
  EXPECT_TRUE(CheckGlob("]").ok());
}

TEST(Glob, EscapedTextMatchesItselfAlone) {
  for (const std::string& text :
       {"*"s, "user?"s, "[a]"s, "a\\b"s, "{x}"s, "\r\n\0"s, "!-]"s, "plain"s}) {
    const std::string pattern = EscapeGlob(text);
    ASSERT_TRUE(CheckGlob(pattern).ok()) << text;
    EXPECT_FALSE(HasWildcard(pattern)) << text;
    EXPECT_EQ(UnescapeGlob(pattern), text);
    EXPECT_TRUE(GlobMatches(pattern, text)) << text;
    EXPECT_FALSE(GlobMatches(pattern, text + "x")) << text;
  }
  EXPECT_TRUE(HasWildcard("[a]"));
}

// A matcher that tries every split would need 2^60 steps here.
TEST(Glob, CostIsBoundedByPatternTimesText) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "a*";
  pattern += "b";
  EXPECT_FALSE(GlobMatches(pattern, std::string(2000, 'a')));
}

}  // namespace
}  // namespace pgsidecar
