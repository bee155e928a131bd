#include "metrics/error_class.h"

#include <gtest/gtest.h>

namespace pgsidecar::metrics {
namespace {

struct Case {
  std::string_view sqlstate;
  ErrorClass expected;
};

TEST(ErrorClass, FollowsTheTable) {
  constexpr Case kCases[] = {
      {"08006", ErrorClass::kConnection},    {"08P01", ErrorClass::kConnection},
      {"57P01", ErrorClass::kConnection},    {"57P02", ErrorClass::kConnection},
      {"57P03", ErrorClass::kConnection},    {"57P04", ErrorClass::kConnection},
      {"57P05", ErrorClass::kOther},         {"57000", ErrorClass::kOther},
      {"55P03", ErrorClass::kTimeout},       {"25P04", ErrorClass::kTimeout},
      {"57014", ErrorClass::kCanceled},      {"40P01", ErrorClass::kDeadlock},
      {"40001", ErrorClass::kSerialization}, {"40002", ErrorClass::kSerialization},
      {"23505", ErrorClass::kConstraint},    {"44000", ErrorClass::kConstraint},
      {"22012", ErrorClass::kData},          {"21000", ErrorClass::kData},
      {"28P01", ErrorClass::kPermission},    {"42501", ErrorClass::kPermission},
      {"42601", ErrorClass::kSyntax},        {"42P01", ErrorClass::kSyntax},
      {"0A000", ErrorClass::kSyntax},        {"26000", ErrorClass::kSyntax},
      {"34000", ErrorClass::kSyntax},        {"53300", ErrorClass::kResource},
      {"54001", ErrorClass::kResource},      {"25P02", ErrorClass::kTransaction},
      {"25006", ErrorClass::kTransaction},   {"P0001", ErrorClass::kApplication},
      {"58030", ErrorClass::kInternal},      {"F0001", ErrorClass::kInternal},
      {"XX000", ErrorClass::kInternal},      {"55000", ErrorClass::kOther},
      {"01000", ErrorClass::kOther},         {"ZZZZZ", ErrorClass::kOther},
  };
  for (const Case& c : kCases) EXPECT_EQ(Name(ClassOf(c.sqlstate)), Name(c.expected)) << c.sqlstate;
}

TEST(ErrorClass, IsOtherWithoutAWellFormedSqlstate) {
  for (const std::string_view text : {"", "0800", "080066", "08p01", "08 06", "08-06"}) {
    EXPECT_FALSE(IsSqlstate(text)) << text;
    EXPECT_EQ(ClassOf(text), ErrorClass::kOther) << text;
  }
}

}  // namespace
}  // namespace pgsidecar::metrics
