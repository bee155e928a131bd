#include "admin/rows_json.h"

#include <gtest/gtest.h>

#include <vector>

namespace pgsidecar::admin {
namespace {

struct Cell {
  std::string name;
  std::uint32_t type = 25;
  std::optional<std::string> text{};
};

/// One row, or several that are equal.
class FixedRows final : public RowSource {
 public:
  FixedRows(std::vector<Cell> fields, std::size_t rows) : fields_(std::move(fields)), rows_(rows) {}
  std::size_t row_count() const override { return rows_; }
  std::size_t column_count() const override { return fields_.size(); }
  std::string_view ColumnName(std::size_t column) const override { return fields_[column].name; }
  std::uint32_t ColumnType(std::size_t column) const override { return fields_[column].type; }
  std::uint64_t affected() const override { return rows_; }
  std::optional<std::string_view> Field(std::size_t, std::size_t column) const override {
    return fields_[column].text;
  }

 private:
  const std::vector<Cell> fields_;
  const std::size_t rows_;
};

std::string ToJson(std::vector<Cell> fields, std::size_t rows = 1) {
  const Rows source(std::make_shared<FixedRows>(std::move(fields), rows));
  return RowsToJson(source, kResultBytesMax).value_or("too long");
}

TEST(RowsJson, WritesEachTypeInItsForm) {
  struct Case {
    std::uint32_t type;
    const char* text;
    const char* json;
  };
  const Case cases[] = {
      {16, "t", "true"},
      {16, "f", "false"},
      {20, "9223372036854775807", "9223372036854775807"},
      {21, "-1", "-1"},
      {23, "0", "0"},
      {26, "4294967295", "4294967295"},
      {700, "1.5", "1.5"},
      {701, "1e+300", "1e+300"},
      {701, "NaN", "\"NaN\""},
      {701, "-Infinity", "\"-Infinity\""},
      {1700, "1.10", "\"1.10\""},
      {114, " {\"a\": 1e400}", " {\"a\": 1e400}"},
      {3802, "[1]", "[1]"},
      {25, "", "\"\""},
      {25, "a\"\\\n\x01", "\"a\\\"\\\\\\n\\u0001\""},
      {25, "\xc3\xa9", "\"\xc3\xa9\""},
      {25, "\xff", "\"\xef\xbf\xbd\""},
      {17, "\\x00ff", "\"\\\\x00ff\""},
      {1007, "{1,NULL,-3}", "[1,null,-3]"},
      {1007, "{{1,2},{3,4}}", "[[1,2],[3,4]]"},
      {1007, "{{{1},{2}},{{3},{4}}}", "[[[1],[2]],[[3],[4]]]"},
      {1007, "{}", "[]"},
      {1000, "{t,f}", "[true,false]"},
      {1022, "{NaN,1.5}", "[\"NaN\",1.5]"},
      {1231, "{1.10}", "[\"1.10\"]"},
      {1009, "{a,\"b,c\",\"\",NULL,\"NULL\"}", "[\"a\",\"b,c\",\"\",null,\"NULL\"]"},
      {199, "{\"{\\\"a\\\":1}\"}", "[{\"a\":1}]"},
      {99999, "{a}", "\"{a}\""},
  };
  for (const auto& [type, text, json] : cases) {
    EXPECT_EQ(ToJson({{"c", type, text}}), "[{\"c\":" + std::string(json) + "}]") << text;
  }
  EXPECT_EQ(ToJson({{"c", 23, std::nullopt}}), "[{\"c\":null}]");
}

TEST(RowsJson, TellsTwinColumnsApart) {
  EXPECT_EQ(ToJson({{"a", 23, "1"}, {"a", 23, "2"}, {"a_2", 23, "3"}, {"\"", 23, "4"}}),
            "[{\"a\":1,\"a_2\":2,\"a_2_2\":3,\"\\\"\":4}]");
}

TEST(RowsJson, HasNoRowsOrMany) {
  EXPECT_EQ(ToJson({{"a", 23, "1"}}, 0), "[]");
  EXPECT_EQ(ToJson({{"a", 23, "1"}}, 3), "[{\"a\":1},{\"a\":1},{\"a\":1}]");
}

TEST(RowsJson, StopsAtItsBound) {
  const std::string text = "[{\"a\":1},{\"a\":1}]";
  const Rows rows(std::make_shared<FixedRows>(std::vector<Cell>{{"a", 23, "1"}}, 2));
  EXPECT_EQ(RowsToJson(rows, text.size()), text);
  EXPECT_EQ(RowsToJson(rows, text.size() - 1), std::nullopt);
}

}  // namespace
}  // namespace pgsidecar::admin
