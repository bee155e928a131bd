#include <gtest/gtest.h>

#include <map>

#include "pgsidecar/rows.h"

namespace pgsidecar {
namespace {

using Fields = std::vector<std::vector<std::optional<std::string>>>;

class ListedRows final : public RowSource {
 public:
  ListedRows(std::vector<std::string> names, Fields fields)
      : names_(std::move(names)), fields_(std::move(fields)) {}
  std::size_t row_count() const override { return fields_.size(); }
  std::size_t column_count() const override { return names_.size(); }
  std::string_view ColumnName(std::size_t column) const override { return names_[column]; }
  std::uint32_t ColumnType(std::size_t column) const override {
    return static_cast<std::uint32_t>(25 + column);
  }
  std::uint64_t affected() const override { return 77; }
  std::optional<std::string_view> Field(std::size_t row, std::size_t column) const override {
    return fields_[row][column];
  }

 private:
  const std::vector<std::string> names_;
  const Fields fields_;
};

Rows Make(std::vector<std::string> names, Fields fields) {
  return Rows(std::make_shared<ListedRows>(std::move(names), std::move(fields)));
}

std::optional<Rows> Read(std::string bytes) {
  return Rows::Deserialize(std::make_shared<const std::string>(std::move(bytes)));
}

TEST(RowsCodec, KeepsEverything) {
  const Rows rows = Make({"id", "", "a name"}, {{"1", std::nullopt, "x"},
                                                {"", std::string("\0\xff", 2), std::nullopt},
                                                {std::string(100000, 'y'), "2", ""}});
  const auto again = Read(rows.Serialize());
  ASSERT_TRUE(again);
  ASSERT_EQ(again->size(), 3U);
  ASSERT_EQ(again->columns(), 3U);
  EXPECT_EQ(again->affected(), 77U);
  for (std::size_t column = 0; column < 3; ++column) {
    EXPECT_EQ(again->ColumnName(column), rows.ColumnName(column));
    EXPECT_EQ(again->ColumnType(column), rows.ColumnType(column));
    for (std::size_t row = 0; row < 3; ++row) {
      EXPECT_EQ(again->Text(row, column), rows.Text(row, column));
    }
  }
  EXPECT_EQ(again->Serialize(), rows.Serialize());
}

TEST(RowsCodec, KeepsNoRowsAndNoColumns) {
  EXPECT_EQ(Read(Make({"id"}, {}).Serialize())->columns(), 1U);
  EXPECT_EQ(Read(Rows().Serialize())->size(), 0U);
  EXPECT_EQ(Read(Make({}, {{}, {}}).Serialize())->size(), 2U);
}

TEST(RowsCodec, RefusesWhatIsCutOrLonger) {
  const std::string bytes = Make({"id", "name"}, {{"1", "x"}, {std::nullopt, "yy"}}).Serialize();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Read(bytes.substr(0, size))) << size;
  }
  EXPECT_FALSE(Read(bytes + "z"));
}

TEST(RowsCodec, NothingThatWasChangedReadsBeyondItsBytes) {
  const std::string bytes = Make({"id", "name"}, {{"1", "x"}, {std::nullopt, "yy"}}).Serialize();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int bit : {0, 1, 4, 7}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      const auto rows = Read(changed);
      if (!rows) continue;
      std::size_t read = 0;
      for (std::size_t row = 0; row < rows->size(); ++row) {
        for (std::size_t column = 0; column < rows->columns(); ++column) {
          read += rows->Text(row, column).value_or("").size();
        }
      }
      EXPECT_LE(read, changed.size());
    }
  }
}

TEST(Rows, ReadTypes) {
  const Rows rows = Make({"a", "b"}, {{"-5", "t"}, {"9223372036854775808", "maybe"}});
  EXPECT_EQ(rows[0].Get<int>("a"), -5);
  EXPECT_EQ(rows[0].Get<bool>(std::size_t{1}), true);
  EXPECT_THROW((void)rows.Get<std::int64_t>(1, "a"), ConversionError);
  EXPECT_EQ(rows.Get<std::uint64_t>(1, "a"), 9223372036854775808U);
  EXPECT_THROW((void)rows.Get<bool>(1, "b"), ConversionError);
  EXPECT_THROW((void)rows.Get<int>(0, "c"), std::out_of_range);
  EXPECT_THROW((void)rows.ColumnName(2), std::out_of_range);
  EXPECT_EQ(rows.FindColumn("b"), 1U);
  EXPECT_EQ(rows.FindColumn("c"), std::nullopt);
}

TEST(FieldAs, ReadsNumbersWhole) {
  EXPECT_EQ(FieldAs<std::int16_t>("-32768"), -32768);
  EXPECT_THROW(FieldAs<std::int16_t>("32768"), ConversionError);
  EXPECT_THROW(FieldAs<int>("1 "), ConversionError);
  EXPECT_THROW(FieldAs<int>(""), ConversionError);
  EXPECT_EQ(FieldAs<double>("1e3"), 1000);
  EXPECT_EQ(FieldAs<double>("-Infinity"), -std::numeric_limits<double>::infinity());
  EXPECT_THROW(FieldAs<double>("x"), ConversionError);
}

TEST(FieldAs, ReadsBytesAndArrays) {
  EXPECT_EQ(FieldAsBytes("\\x00fF"), std::string("\0\xff", 2));
  EXPECT_EQ(FieldAsBytes("\\x"), "");
  for (const char* text : {"", "00", "\\x0", "\\xzz"}) {
    EXPECT_THROW(FieldAsBytes(text), ConversionError) << text;
  }
  EXPECT_EQ(FieldAs<std::vector<int>>("{1,2}"), (std::vector<int>{1, 2}));
  EXPECT_THROW(FieldAs<std::vector<int>>("{1,NULL}"), ConversionError);
  EXPECT_THROW(FieldAs<std::vector<int>>("{{1},{2}}"), ConversionError);
}

}  // namespace
}  // namespace pgsidecar
