#include "base/text.h"

#include <gtest/gtest.h>

namespace pgsidecar {
namespace {

TEST(PrintableText, KeepsWellFormedText) {
  EXPECT_EQ(PrintableText("", 10), "");
  EXPECT_EQ(PrintableText("plain", 10), "plain");
  EXPECT_EQ(PrintableText("grüße €𝄞", 64), "grüße €𝄞");
}

TEST(PrintableText, TurnsControlCharactersIntoSpaces) {
  EXPECT_EQ(PrintableText(std::string_view("a\nb\tc\0d\x7F", 8), 64), "a b c d ");
}

TEST(PrintableText, ReplacesEveryMalformedByte) {
  const std::string replaced = "\xEF\xBF\xBD";
  EXPECT_EQ(PrintableText("a\xFF", 64), "a" + replaced);
  EXPECT_EQ(PrintableText("\xC3", 64), replaced) << "cut sequence";
  EXPECT_EQ(PrintableText("\xC0\x80", 64), replaced + replaced) << "overlong zero";
  EXPECT_EQ(PrintableText("\xED\xA0\x80", 64), replaced + replaced + replaced) << "surrogate";
  EXPECT_EQ(PrintableText("\xF5\x80\x80\x80", 64), replaced + replaced + replaced + replaced);
  EXPECT_EQ(PrintableText("\xE2\x82x", 64), replaced + replaced + "x");
}

TEST(PrintableText, CutsAtACharacterBoundary) {
  EXPECT_EQ(PrintableText("ab€", 4), "ab");
  EXPECT_EQ(PrintableText("ab€", 5), "ab€");
  EXPECT_EQ(PrintableText("\xFF\xFF", 5), "\xEF\xBF\xBD");
  EXPECT_EQ(PrintableText("abc", 0), "");
}

}  // namespace
}  // namespace pgsidecar
