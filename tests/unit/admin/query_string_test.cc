#include "admin/query_string.h"

#include <gtest/gtest.h>

namespace pgsidecar::admin {
namespace {

std::string WhyRefused(std::string_view query) {
  const auto parsed = QueryString::Parse(query, {"sort", "limit"});
  return parsed.ok() ? "" : parsed.error().message;
}

TEST(QueryString, DecodesPercentEscapesAndKeepsPlus) {
  const auto parsed = QueryString::Parse("sort=a%20%2Bb+c&&limit=", {"sort", "limit"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value().Get("sort", "x"), "a +b+c");
  EXPECT_EQ(parsed.value().Get("limit", "50"), "50");
}

TEST(QueryString, NamesWhatIsWrong) {
  EXPECT_EQ(WhyRefused("limt=5"), "parameter \"limt\" is not known; allowed: sort, limit");
  EXPECT_EQ(WhyRefused("sort=a&sort=b"), "parameter \"sort\" is given twice");
  for (const char* broken : {"sort=%", "sort=%4", "sort=%zz", "sort=%-1", "%=1"}) {
    EXPECT_NE(WhyRefused(broken).find("broken percent escape"), std::string::npos) << broken;
  }
}

TEST(QueryString, EchoesLittleAndPrintable) {
  const std::string text = BadParameter("sort", std::string(1000, 'x') + "\n\xff", "total");
  EXPECT_LT(text.size(), 120U);
  EXPECT_EQ(BadParameter("sort", "a\r\n\xff", "b"), "sort is \"a  \xEF\xBF\xBD\"; allowed: b");
}

}  // namespace
}  // namespace pgsidecar::admin
