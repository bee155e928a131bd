#include <cmath>
#include <limits>

#include "live.h"

namespace pgsidecar::live {
namespace {

class Values : public Live {};

TEST_F(Values, AreReadAsTypes) {
  const auto outcome =
      Run("SELECT 42::int4 AS a, NULL::int4 AS b, 'text' AS c, true AS d, 1.5::float8 AS e, "
          "ARRAY[1,2,3] AS f, 'NaN'::float8 AS g, '\\x00ff'::bytea AS h");
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  const Rows& rows = outcome.value();
  EXPECT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.columns(), 8U);
  EXPECT_EQ(rows.ColumnName(0), "a");
  EXPECT_EQ(rows.ColumnType(0), 23U);
  EXPECT_EQ(rows.Get<std::int32_t>(0, "a"), 42);
  EXPECT_EQ(rows.Get<std::int32_t>(0, "b"), std::nullopt);
  EXPECT_EQ(rows.Get<std::string>(0, "c"), "text");
  EXPECT_EQ(rows.Get<bool>(0, "d"), true);
  EXPECT_EQ(rows.Get<double>(0, "e"), 1.5);
  EXPECT_EQ(rows.Get<std::vector<int>>(0, "f"), (std::vector<int>{1, 2, 3}));
  EXPECT_TRUE(std::isnan(*rows.Get<double>(0, "g")));
  EXPECT_EQ(FieldAsBytes(*rows.Text(0, 7)), std::string("\0\xff", 2));
  EXPECT_THROW((void)rows.Get<int>(0, "c"), ConversionError);
  EXPECT_THROW((void)rows.Get<int>(0, "nothing"), std::out_of_range);
  EXPECT_THROW((void)rows.Text(1, 0), std::out_of_range);
}

TEST_F(Values, TravelAsParametersUnchanged) {
  for (const std::string& text :
       {std::string("'; DROP TABLE users; --"), std::string("\\'\"$1 %s\r\n\t"), std::string(""),
        std::string("\xc3\xa4\xe2\x82\xac"), std::string(1 << 20, 'x')}) {
    EXPECT_EQ(Value("SELECT $1::text", Parameters(text)), text);
  }
  EXPECT_EQ(Value("SELECT $1::int8", Parameters(std::numeric_limits<std::int64_t>::min())),
            "-9223372036854775808");
  EXPECT_EQ(Value("SELECT $1::float8", Parameters(0.1)), "0.1");
  EXPECT_EQ(Value("SELECT $1::float8", Parameters(-std::numeric_limits<double>::infinity())),
            "-Infinity");
  EXPECT_EQ(Value("SELECT $1::bool", Parameters(false)), "f");
  EXPECT_EQ(Value("SELECT $1::text IS NULL", Parameters(nullptr)), "t");
  EXPECT_EQ(Value("SELECT $1::int4 IS NULL", Parameters(std::optional<int>())), "t");
}

TEST_F(Values, BytesMayHoldAnything) {
  std::string bytes;
  for (int i = 0; i < 1 << 20; ++i) bytes += static_cast<char>(i * 7);
  const auto rows = Run("SELECT $1::bytea, octet_length($1::bytea)", Parameters(Bytes{bytes}));
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  EXPECT_EQ(FieldAsBytes(*rows.value().Text(0, 0)), bytes);
  EXPECT_EQ(rows.value().Get<int>(0, 1), 1 << 20);
}

TEST_F(Values, TextWithNulIsRefusedBeforeItIsSent) {
  const auto outcome = Run("SELECT $1::text", Parameters(std::string("a\0b", 3)));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind, QueryErrorKind::kUsage);
  EXPECT_FALSE(Run(std::string_view("SELECT 1\0;", 10)).ok());
  EXPECT_EQ(Metric("query_duration_seconds_count"), 0);
}

TEST_F(Values, ArraysTravelBothWays) {
  const std::vector<std::optional<std::string>> texts = {"a,b", "{\"x\\", "NULL", std::nullopt, ""};
  const auto rows = Run("SELECT $1::text[], array_length($1::text[], 1), ($1::text[])[4] IS NULL",
                        Parameters(texts));
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  EXPECT_EQ(ParseArray(*rows.value().Text(0, 0))->elements, texts);
  EXPECT_EQ(rows.value().Get<int>(0, 1), 5);
  EXPECT_EQ(rows.value().Get<bool>(0, 2), true);
  EXPECT_EQ(Value("SELECT $1::int4[]", Parameters(std::vector<int>{})), "{}");
  EXPECT_EQ(Value("SELECT $1::float8[]", Parameters(std::vector<double>{1.5, -2})), "{1.5,-2}");
  EXPECT_EQ(Value("SELECT sum(x) FROM unnest($1::int8[]) x",
                  Parameters(std::vector<std::int64_t>{1, 2, 3})),
            "6");
}

TEST_F(Values, WhatTheServerPrintsIsReadBack) {
  // Every array that PostgreSQL prints is one that ParseArray reads, and FormatArray writes one
  // that PostgreSQL takes for the same.
  for (const char* array :
       {"ARRAY[[1,2],[3,4]]", "'[0:1][-1:0]={{1,2},{3,4}}'::int[]", "ARRAY[]::int[]",
        "ARRAY['a b','', 'null', NULL, E'\\\\\"', '{}', ' x ']", "ARRAY[[[1],[2]],[[3],[4]]]",
        "ARRAY['2020-01-01'::timestamptz]", "ARRAY[ARRAY['x','y,z']]"}) {
    const std::string printed = Value(std::string("SELECT (") + array + ")::text[]::text");
    const auto parsed = ParseArray(printed);
    ASSERT_TRUE(parsed) << printed;
    EXPECT_EQ(
        Value("SELECT (unnest IS NOT DISTINCT FROM other)::text FROM (SELECT $1::text::text[]"
              " AS unnest, $2::text::text[] AS other) t",
              Parameters(FormatArray(*parsed), FormatArray(*ParseArray(FormatArray(*parsed))))),
        "true");
    EXPECT_EQ(Value("SELECT array_to_string($1::text::text[], '|', 'N')",
                    Parameters(FormatArray(*parsed))),
              Value("SELECT array_to_string($1::text::text[], '|', 'N')", Parameters(printed)));
  }
}

TEST_F(Values, RowsOutliveTheirExecutor) {
  Rows rows;
  {
    auto outcome = Run("SELECT i, 'row ' || i FROM generate_series(1, 1000) i");
    ASSERT_TRUE(outcome.ok());
    rows = std::move(outcome).value();
  }
  executor_.reset();
  EXPECT_EQ(rows.size(), 1000U);
  std::int64_t sum = 0;
  for (const auto row : rows) sum += *row.Get<std::int64_t>(std::size_t{0});
  EXPECT_EQ(sum, 500500);
}

TEST_F(Values, RowsFromTheCacheAreTheSame) {
  const auto outcome =
      Run("SELECT i AS number, nullif(repeat('x', i), 'xx') AS text FROM generate_series(0, 50) i");
  ASSERT_TRUE(outcome.ok());
  const Rows& rows = outcome.value();
  const auto again = Rows::Deserialize(std::make_shared<const std::string>(rows.Serialize()));
  ASSERT_TRUE(again);
  ASSERT_EQ(again->size(), rows.size());
  EXPECT_EQ(again->ColumnName(1), "text");
  EXPECT_EQ(again->ColumnType(0), 23U);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::size_t column = 0; column < 2; ++column) {
      EXPECT_EQ(again->Text(row, column), rows.Text(row, column));
    }
  }
}

TEST_F(Values, AffectedRowsAreCounted) {
  ASSERT_TRUE(Run("CREATE TABLE IF NOT EXISTS affected (id int)").ok());
  ASSERT_TRUE(Run("TRUNCATE affected").ok());
  const auto inserted = Run("INSERT INTO affected SELECT generate_series(1, 7)");
  ASSERT_TRUE(inserted.ok());
  EXPECT_EQ(inserted.value().affected(), 7U);
  const auto returned = Run("DELETE FROM affected WHERE id > 3 RETURNING id");
  ASSERT_TRUE(returned.ok());
  EXPECT_EQ(returned.value().size(), 4U);
  EXPECT_EQ(returned.value().affected(), 4U);
  EXPECT_EQ(Metric("rows_affected_total"), 11);
  EXPECT_EQ(Metric("rows_returned_total"), 4);
}

}  // namespace
}  // namespace pgsidecar::live
