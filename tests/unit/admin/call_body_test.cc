#include "admin/call_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::admin {
namespace {

using executor::OperationValue;

/// A value as text, with its kind in front.
std::string Shown(const OperationValue& value) {
  if (std::holds_alternative<std::nullptr_t>(value.value)) return "null";
  if (const auto* flag = std::get_if<bool>(&value.value)) return *flag ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value.value)) return "text:" + *text;
  if (const auto* number = std::get_if<OperationValue::Number>(&value.value)) {
    return "number:" + number->digits;
  }
  if (const auto* json = std::get_if<OperationValue::Json>(&value.value)) {
    return "json:" + json->text;
  }
  std::string list = "[";
  for (const auto& each : std::get<OperationValue::List>(value.value)) list += Shown(each) + ";";
  return list + "]";
}

std::string Read(std::string_view body) {
  const auto values = ReadCallBody(body);
  if (!values.ok()) return "error: " + values.error().message;
  std::string shown;
  for (const auto& [name, value] : values.value()) shown += name + "=" + Shown(value) + " ";
  return shown;
}

TEST(CallBody, ReadsEveryKindOfValue) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"{}", ""},
      {R"({"a": null, "b": true, "c": "x"})", "a=null b=true c=text:x "},
      {R"({"a": 1, "b": -2, "c": 18446744073709551615})",
       "a=number:1 b=number:-2 c=number:18446744073709551615 "},
      {R"({"a": 1.50, "b": 1e300, "c": 123456789012345678901234567890})",
       "a=number:1.50 b=number:1e300 c=number:123456789012345678901234567890 "},
      {R"({"a": [1, [2, null]], "b": []})", "a=[number:1;[number:2;null;];] b=[] "},
      {R"({"a": {"x": [1, {"y": "\"\n"}], "z": {}}, "b": 1})",
       R"(a=json:{"x":[1,{"y":"\"\n"}],"z":{}} b=number:1 )"},
      {R"({"a": [{"x": 1}, {"x": 2.50}]})", R"(a=[json:{"x":1};json:{"x":2.50};] )"},
      {R"({"a": 1, "a": 2})", "a=number:1 a=number:2 "},
  };
  for (const auto& [body, shown] : cases) {
    EXPECT_EQ(Read(body), shown) << body;
  }
  const auto nul = ReadCallBody(R"({"a": "\u0000"})");
  ASSERT_TRUE(nul.ok());
  EXPECT_EQ(std::get<std::string>(nul.value()[0].second.value), std::string(1, '\0'));
}

TEST(CallBody, RefusesWhatIsNoObjectWithoutRepeatingIt) {
  for (const char* body :
       {"1", "null", "\"marker\"", "[]", "[{}]", "{", "{}{}", "{\"a\"}", "{a: 1}",
        "{\"a\": marker}", "{\"a\": 1,}", "{\"a\": 1e400}", "\xff", "{\"a\": \"\xff\"}"}) {
    const std::string answer = Read(body);
    EXPECT_THAT(answer, testing::StartsWith("error: ")) << body;
    EXPECT_EQ(answer.find("marker"), std::string::npos);
  }
}

TEST(CallBody, BoundsNesting) {
  const auto nested = [](std::size_t levels, const char* open, const char* close) {
    std::string text = R"({"a": )";
    for (std::size_t i = 0; i < levels; ++i) text += open;
    text += "1";
    for (std::size_t i = 0; i < levels; ++i) text += close;
    return text + "}";
  };
  EXPECT_TRUE(ReadCallBody(nested(kListLevelsMax, "[", "]")).ok());
  EXPECT_FALSE(ReadCallBody(nested(kListLevelsMax + 1, "[", "]")).ok());
  EXPECT_TRUE(ReadCallBody(nested(kJsonLevelsMax, R"({"x":)", "}")).ok());
  EXPECT_FALSE(ReadCallBody(nested(kJsonLevelsMax + 1, R"({"x":)", "}")).ok());
  EXPECT_FALSE(ReadCallBody(nested(500'000, "[", "]")).ok());
}

TEST(BatchBody, ReadsCalls) {
  const auto calls = ReadBatchBody(
      R"({"calls": [{"operation": "a"}, {"parameters": {"x": {"y": [1]}}, "operation": "b"}]})");
  ASSERT_TRUE(calls.ok());
  ASSERT_EQ(calls.value().size(), 2U);
  EXPECT_EQ(calls.value()[0].operation, "a");
  EXPECT_EQ(calls.value()[1].operation, "b");
  ASSERT_EQ(calls.value()[1].values.size(), 1U);
  EXPECT_EQ(Shown(calls.value()[1].values[0].second), R"(json:{"y":[1]})");
}

TEST(BatchBody, RefusesAllOtherShapes) {
  for (const char* body :
       {"", "[]", "{}", R"({"calls": []})", R"({"calls": {}})", R"({"calls": [1]})",
        R"({"calls": [[]]})", R"({"calls": [{}]})", R"({"calls": [{"operation": 1}]})",
        R"({"calls": [{"operation": ""}]})", R"({"calls": [{"operation": "a", "sql": "x"}]})",
        R"({"calls": [{"operation": "a", "parameters": []}]})",
        R"({"other": [{"operation": "a"}]})", R"({"calls": [{"operation": "a"}], "more": 1})"}) {
    EXPECT_FALSE(ReadBatchBody(body).ok()) << body;
  }
  std::string many = R"({"calls": [{"operation": "a"})";
  for (std::size_t i = 1; i < kBatchCallsMax; ++i) many += R"(,{"operation": "a"})";
  EXPECT_TRUE(ReadBatchBody(many + "]}").ok());
  EXPECT_FALSE(ReadBatchBody(many + R"(,{"operation": "a"}]})").ok());
}

}  // namespace
}  // namespace pgsidecar::admin
