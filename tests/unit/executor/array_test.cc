#include "pgsidecar/array.h"

#include <gtest/gtest.h>

namespace pgsidecar {
namespace {

using Elements = std::vector<std::optional<std::string>>;
using Dimensions = std::vector<std::size_t>;

TEST(ParseArray, ReadsOneDimension) {
  const auto array = ParseArray("{1,2,3}");
  ASSERT_TRUE(array);
  EXPECT_EQ(array->dimensions, Dimensions{3});
  EXPECT_EQ(array->elements, (Elements{"1", "2", "3"}));
}

TEST(ParseArray, ReadsTheEmptyArray) {
  const auto array = ParseArray(" { } ");
  ASSERT_TRUE(array);
  EXPECT_TRUE(array->dimensions.empty());
  EXPECT_TRUE(array->elements.empty());
}

TEST(ParseArray, ReadsQuotesEscapesAndNull) {
  const auto array = ParseArray(R"({"a,b","\"\\",NULL,"NULL",null,n\ull, x y ,"",a\ })");
  ASSERT_TRUE(array);
  EXPECT_EQ(array->elements,
            (Elements{"a,b", "\"\\", std::nullopt, "NULL", std::nullopt, "null", "x y", "", "a "}));
}

TEST(ParseArray, ReadsDimensionsAndDropsBounds) {
  const auto array = ParseArray("[0:1][-1:1]={{1,2,3},{4,5,6}}");
  ASSERT_TRUE(array);
  EXPECT_EQ(array->dimensions, (Dimensions{2, 3}));
  EXPECT_EQ(array->elements.size(), 6U);
  EXPECT_EQ(ParseArray("{{{{{{1}}}}}}")->dimensions.size(), 6U);
}

TEST(ParseArray, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "1",
                           "{",
                           "}",
                           "{1",
                           "{1,}",
                           "{,1}",
                           "{1,,2}",
                           "{1}2",
                           "{\"a}",
                           "{a\"b}",
                           "{\"a\"b}",
                           "{{1},{2,3}}",
                           "{{1},2}",
                           "{1,{2}}",
                           "{{1,2},{3}}",
                           "{{}}",
                           "{{},{}}",
                           "{{1},{}}",
                           "{a\\",
                           "{\"a\\",
                           "[1:2]{1,2}",
                           "[1]={1}",
                           "[a:b]={1}",
                           "{{{{{{{1}}}}}}}",
                           "{1}{2}",
                           "{ , }",
                           "{{1}{2}}"}) {
    EXPECT_FALSE(ParseArray(text)) << text;
  }
}

TEST(FormatArray, IsReadBack) {
  const Elements elements = {"a", "", "NULL", std::nullopt, "\"\\{},", " x "};
  const std::string text = FormatArray(elements);
  EXPECT_EQ(text, R"({"a","","NULL",NULL,"\"\\{},"," x "})");
  EXPECT_EQ(ParseArray(text)->elements, elements);
  EXPECT_EQ(FormatArray(Elements{}), "{}");
}

TEST(FormatArray, WritesDimensions) {
  const Array array{{2, 1, 2}, {"1", "2", "3", std::nullopt}};
  EXPECT_EQ(FormatArray(array), R"({{{"1","2"}},{{"3",NULL}}})");
  EXPECT_EQ(ParseArray(FormatArray(array))->dimensions, array.dimensions);
}

}  // namespace
}  // namespace pgsidecar
