#include "executor/operation_set.h"
#include "live.h"

namespace pgsidecar::live {
namespace {

using namespace executor;
using Number = OperationValue::Number;

class Operations : public Live {
 protected:
  static OperationSpec FindUser() {
    OperationSpec spec;
    spec.name = "findUser";
    spec.sql = "SELECT $1::int4 AS id, $2::text AS kind, $3::int8[] AS numbers";
    spec.parameters = {
        {.name = "id", .type = ParameterType::kInt4},
        {.name = "kind", .type = ParameterType::kText, .nullable = true},
        {.name = "numbers", .type = ParameterType::kInt8, .array = true, .nullable = true}};
    spec.read_only = true;
    return spec;
  }
  void Make(std::vector<OperationSpec> specs) {
    auto made = OperationSet::Create(std::move(specs), executor());
    ASSERT_TRUE(made.ok()) << made.error().message;
    set_ = std::move(made).value();
  }
  OperationErrorKind ErrorOf(const OperationValues& values, std::string_view name = "findUser") {
    const auto answer = set_->Call({.name = name, .values = values});
    const auto* error = std::get_if<OperationError>(&answer);
    EXPECT_NE(error, nullptr);
    if (error == nullptr) return OperationErrorKind::kQuery;
    EXPECT_EQ(error->detail.find("secret"), std::string::npos);
    EXPECT_FALSE(error->detail.empty());
    return error->kind;
  }
  void TearDown() override {
    set_.reset();
    Live::TearDown();
  }

  std::unique_ptr<OperationSet> set_;
};

TEST_F(Operations, RunWithTheirParameters) {
  Make({FindUser()});
  const OperationValues values = {
      {"numbers", {OperationValue::List{{Number{"1"}}, {nullptr}, {std::string("3")}}}},
      {"id", {Number{"42"}}},
      {"kind", {std::string("a'; DROP TABLE users; --")}}};
  const auto answer = set_->Call({.name = "findUser", .values = values});
  const auto* rows = std::get_if<CachedRows>(&answer);
  ASSERT_NE(rows, nullptr);
  EXPECT_EQ(rows->answer, CacheAnswer::kBypass);
  EXPECT_EQ(rows->rows.Get<int>(0, "id"), 42);
  EXPECT_EQ(rows->rows.Get<std::string>(0, "kind"), "a'; DROP TABLE users; --");
  EXPECT_EQ(rows->rows.Text(0, 2), "{1,NULL,3}");
  EXPECT_EQ(Metric("operation_duration_seconds_count", {"operation=\"findUser\""}), 1);
}

TEST_F(Operations, WhatMayBeNullMayBeLeftOut) {
  Make({FindUser()});
  const OperationValues values = {{"id", {Number{"1"}}}};
  const auto answer = set_->Call({.name = "findUser", .values = values});
  const auto* rows = std::get_if<CachedRows>(&answer);
  ASSERT_NE(rows, nullptr);
  EXPECT_TRUE(rows->rows.IsNull(0, 1));
}

TEST_F(Operations, RefuseWhatDoesNotFit) {
  Make({FindUser()});
  using enum OperationErrorKind;
  EXPECT_EQ(ErrorOf({}, "nothing"), kUnknownOperation);
  EXPECT_EQ(ErrorOf({}, "find"), kUnknownOperation);
  EXPECT_EQ(ErrorOf({}), kMissingParameter);
  EXPECT_EQ(ErrorOf({{"id", {Number{"1"}}}, {"secret", {Number{"1"}}}}), kUnknownParameter);
  EXPECT_EQ(ErrorOf({{"id", {Number{"1"}}}, {"id", {Number{"2"}}}}), kRepeatedParameter);
  EXPECT_EQ(ErrorOf({{"id", {nullptr}}}), kNullParameter);
  EXPECT_EQ(ErrorOf({{"id", {std::string("secret")}}}), kWrongType);
  EXPECT_EQ(ErrorOf({{"id", {Number{"1"}}}, {"numbers", {Number{"1"}}}}), kWrongType);
  EXPECT_EQ(Metric("query_duration_seconds_count"), 0);
}

TEST_F(Operations, HandQueryErrorsOn) {
  OperationSpec spec = FindUser();
  spec.sql = "SELECT 1 / ($1::int4 - 1) WHERE $2::text IS NULL OR $3::int8[] IS NULL";
  spec.timeout = milliseconds(300);
  OperationSpec slow;
  slow.name = "slow";
  slow.sql = "SELECT pg_sleep(30)";
  slow.timeout = milliseconds(200);
  Make({spec, slow});
  const OperationValues values = {{"id", {Number{"1"}}}};
  const auto failed = set_->Call({.name = "findUser", .values = values});
  ASSERT_NE(std::get_if<OperationError>(&failed), nullptr);
  EXPECT_EQ(std::get<OperationError>(failed).kind, OperationErrorKind::kQuery);
  EXPECT_EQ(std::get<OperationError>(failed).query.sqlstate, "22012");
  const auto late = set_->Call({.name = "slow", .values = {}});
  ASSERT_NE(std::get_if<OperationError>(&late), nullptr);
  EXPECT_EQ(std::get<OperationError>(late).query.kind, QueryErrorKind::kDeadline);
}

TEST_F(Operations, WrongOnesAreNamed) {
  const std::vector<std::pair<const char*, void (*)(OperationSpec&)>> cases = {
      {"a name is", [](OperationSpec& s) { s.name = "1x"; }},
      {"a name is", [](OperationSpec& s) { s.name = "a/b"; }},
      {"no sql", [](OperationSpec& s) { s.sql = " ; "; }},
      {"negative", [](OperationSpec& s) { s.timeout = seconds(-1); }},
      {"'id' is there twice", [](OperationSpec& s) { s.parameters[1].name = "id"; }},
      {"parameter 'a b'", [](OperationSpec& s) { s.parameters[1].name = "a b"; }},
      {"not read_only",
       [](OperationSpec& s) {
         s.read_only = false;
         s.cache.emplace();
       }},
      {"cache.ttl", [](OperationSpec& s) { s.cache.emplace().ttl = seconds(0); }},
      {"'user' in 'x:{user}' is no parameter",
       [](OperationSpec& s) { s.cache.emplace().key = "x:{user}"; }},
      {"cache.tags", [](OperationSpec& s) { s.cache.emplace().tags = {"{"}; }},
      {"invalidates", [](OperationSpec& s) { s.invalidates = {"}"}; }},
  };
  for (const auto& [expected, change] : cases) {
    OperationSpec spec = FindUser();
    change(spec);
    const auto made = OperationSet::Create({spec}, executor());
    ASSERT_FALSE(made.ok()) << expected;
    EXPECT_NE(made.error().message.find(expected), std::string::npos) << made.error().message;
    EXPECT_NE(made.error().message.find("operation '"), std::string::npos);
  }
  const auto twice = OperationSet::Create({FindUser(), FindUser()}, executor());
  ASSERT_FALSE(twice.ok());
  EXPECT_NE(twice.error().message.find("is there twice"), std::string::npos);
}

TEST_F(Operations, AreFoundByName) {
  std::vector<OperationSpec> specs;
  for (const char* name : {"zeta", "alpha", "mu"}) {
    specs.push_back(FindUser());
    specs.back().name = name;
  }
  Make(specs);
  ASSERT_EQ(set_->specs().size(), 3U);
  EXPECT_EQ(set_->specs()[0].name, "alpha");
  EXPECT_EQ(set_->Find("mu")->name, "mu");
  EXPECT_EQ(set_->Find("m"), nullptr);
  EXPECT_EQ(set_->Find("zzz"), nullptr);
}

}  // namespace
}  // namespace pgsidecar::live
