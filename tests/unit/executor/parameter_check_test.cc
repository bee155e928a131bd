#include "executor/parameter_check.h"

#include <gtest/gtest.h>

namespace pgsidecar::executor {
namespace {

using Number = OperationValue::Number;
using List = OperationValue::List;
using Json = OperationValue::Json;

OperationValue V(const char* text) { return {std::string(text)}; }
OperationValue N(const char* digits) { return {Number{digits}}; }

struct Row {
  ParameterType type;
  OperationValue value;
  std::optional<std::string> expected;  ///< Nothing: refused.
};

TEST(CheckValue, KnowsItsTypes) {
  using enum ParameterType;
  const Row rows[] = {
      {kInt2, N("32767"), "32767"},
      {kInt2, N("32768"), {}},
      {kInt2, N("1.0"), {}},
      {kInt4, N("-2147483648"), "-2147483648"},
      {kInt4, N("2147483648"), {}},
      {kInt4, N("1e2"), {}},
      {kInt4, V("1"), {}},
      {kInt8, N("9223372036854775807"), "9223372036854775807"},
      {kInt8, V("9223372036854775807"), "9223372036854775807"},
      {kInt8, N("9223372036854775808"), {}},
      {kInt8, V("1; DROP TABLE users"), {}},
      {kFloat8, N("1.5e300"), "1.5e300"},
      {kFloat8, N("1e999"), {}},
      {kFloat8, V("NaN"), "NaN"},
      {kFloat8, V("nan"), {}},
      {kNumeric, N("123456789012345678901234567890.5"), "123456789012345678901234567890.5"},
      {kNumeric, V("1.50"), "1.50"},
      {kNumeric, V("1,5"), {}},
      {kNumeric, V(""), {}},
      {kText, V("it's"), "it's"},
      {kText, {std::string("a\0b", 3)}, {}},
      {kText, N("1"), {}},
      {kText, {true}, {}},
      {kBool, {true}, "t"},
      {kBool, {false}, "f"},
      {kBool, V("true"), {}},
      {kBool, N("1"), {}},
      {kUuid, V("0b5c0001-0000-4000-8000-00000000ABCD"), "0b5c0001-0000-4000-8000-00000000ABCD"},
      {kUuid, V("0b5c0001-0000-4000-8000-00000000ABCG"), {}},
      {kUuid, V("{0b5c0001}"), {}},
      {kDate, V("2026-01-31"), "2026-01-31"},
      {kDate, V("31.1.2026"), {}},
      {kDate, V("today"), {}},
      {kTimestamptz, V("2026-01-31T12:00:00Z"), "2026-01-31T12:00:00Z"},
      {kTimestamptz, V("2026-01-31 12:00:00.5+01:30"), "2026-01-31 12:00:00.5+01:30"},
      {kTimestamptz, V("2026-01-31T12:00:00"), {}},
      {kTimestamptz, V("now"), {}},
      {kTimestamptz, V("2026-01-31T12:00:00 Europe/Berlin"), {}},
      {kJson, {Json{R"({"a":1})"}}, R"({"a":1})"},
      {kText, {Json{"{}"}}, {}},
      {kBytea, V("\\x00ff"), "\\x00ff"},
      {kBytea, V("\\x0"), {}},
      {kBytea, V("abc"), {}},
      {kInt4, {List{N("1")}}, {}},
  };
  for (const Row& row : rows) {
    const auto checked = CheckValue(row.value, {.name = "p", .type = row.type});
    EXPECT_EQ(checked.has_value(), row.expected.has_value()) << TypeWord(row.type, false);
    if (checked && row.expected) {
      EXPECT_EQ(**checked, *row.expected);
    }
  }
}

TEST(CheckValue, TakesNullForEveryType) {
  const auto checked = CheckValue({nullptr}, {.name = "p", .type = ParameterType::kInt4});
  ASSERT_TRUE(checked);
  EXPECT_FALSE(checked->has_value());
}

TEST(CheckValue, ChecksEveryElementOfAnArray) {
  const ParameterSpec spec{.name = "p", .type = ParameterType::kInt4, .array = true};
  EXPECT_EQ(**CheckValue({List{N("1"), {nullptr}, N("3")}}, spec), R"({"1",NULL,"3"})");
  EXPECT_EQ(**CheckValue({List{}}, spec), "{}");
  EXPECT_FALSE(CheckValue({List{N("1"), V("x")}}, spec));
  EXPECT_FALSE(CheckValue({List{{List{N("1")}}}}, spec));
  EXPECT_FALSE(CheckValue(N("1"), spec));
}

TEST(ParseParameterType, ReadsWords) {
  EXPECT_EQ(ParseParameterType("int4").value().type, ParameterType::kInt4);
  EXPECT_TRUE(ParseParameterType("text[]").value().array);
  EXPECT_EQ(TypeWord(ParameterType::kTimestamptz, true), "timestamptz[]");
  const auto wrong = ParseParameterType("integer");
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message.find("'integer'"), std::string::npos);
  EXPECT_NE(wrong.error().message.find("bytea"), std::string::npos);
}

TEST(Template, Expands) {
  const std::vector<ParameterSpec> parameters = {{.name = "id"}, {.name = "kind"}};
  const auto parsed = Template::Parse("user:{kind}:{id}:{{x}}", parameters);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value().Expand(Parameters("42", "a")), "user:a:42:{x}");
  EXPECT_TRUE(Template::Parse("", parameters).value().Expand(Parameters("42", "a")).empty());
}

TEST(Template, NoTwoListsOfValuesLookAlike) {
  const std::vector<ParameterSpec> parameters = {{.name = "a"}, {.name = "b"}};
  const auto parsed = Template::Parse("{a}:{b}", parameters);
  ASSERT_TRUE(parsed.ok());
  const Template& key = parsed.value();
  EXPECT_NE(key.Expand(Parameters("x:y", "z")), key.Expand(Parameters("x", "y:z")));
  EXPECT_NE(key.Expand(Parameters("x\\", "z")), key.Expand(Parameters("x", "\\z")));
  EXPECT_NE(key.Expand(Parameters(nullptr, "z")), key.Expand(Parameters("\\N", "z")));
}

TEST(Template, NamesWhatIsWrong) {
  const std::vector<ParameterSpec> parameters = {{.name = "id"}};
  for (const char* text : {"{", "{id", "{name}", "{}", "}", "a}b"}) {
    EXPECT_FALSE(Template::Parse(text, parameters).ok()) << text;
  }
}

}  // namespace
}  // namespace pgsidecar::executor
