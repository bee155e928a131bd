#include "executor/warmup.h"

#include <gtest/gtest.h>

namespace pgsidecar::executor {
namespace {

TEST(Warmup, TurnsTextsIntoWhatParametersTake) {
  const auto value = [](ParameterType type, const std::string& text) {
    return ValueFromText({.name = "p", .type = type}, text).value;
  };
  for (const auto type : {ParameterType::kInt2, ParameterType::kInt4, ParameterType::kInt8,
                          ParameterType::kFloat8, ParameterType::kNumeric}) {
    EXPECT_EQ(std::get<OperationValue::Number>(value(type, "12")).digits, "12");
  }
  EXPECT_TRUE(std::get<bool>(value(ParameterType::kBool, "t")));
  EXPECT_FALSE(std::get<bool>(value(ParameterType::kBool, "false")));
  EXPECT_EQ(std::get<std::string>(value(ParameterType::kBool, "maybe")), "maybe");
  EXPECT_EQ(std::get<OperationValue::Json>(value(ParameterType::kJson, "{}")).text, "{}");
  EXPECT_EQ(std::get<std::string>(value(ParameterType::kText, "12")), "12");
}

}  // namespace
}  // namespace pgsidecar::executor
