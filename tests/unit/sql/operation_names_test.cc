#include "sql/operation_names.h"

#include <gtest/gtest.h>

#include "sql/identity.h"

namespace pgsidecar::sql {
namespace {

std::string ErrorOf(const StatementOptions& options) {
  const Result<OperationNames> names = OperationNames::Create(options);
  return names.ok() ? "" : names.error().message;
}

TEST(OperationNames, CleansNames) {
  EXPECT_EQ(CleanName("GET /users/{id}#x *-._:"), "GET /users/{id}#x *-._:");
  EXPECT_EQ(CleanName("a\"b\nc\xc3\xa9"), "a_b_c__");
  EXPECT_EQ(CleanName(std::string(200, 'x')).size(), 80U);
}

TEST(OperationNames, KnowsConfiguredStatements) {
  const Result<OperationNames> names = OperationNames::Create(
      {.operations = {{.name = "by_id", .fingerprint = "0123456789abcdef"},
                      {.name = "pay", .sql = "select Abalance from pgbench_accounts where aid=1"},
                      {.name = "front", .comment = "home"}}});
  ASSERT_TRUE(names.ok()) << names.error().message;
  EXPECT_EQ(*names.value().ForFingerprint("0123456789abcdef"), "by_id");
  EXPECT_EQ(*names.value().ForFingerprint("348bee4e67e86ca6"), "pay");
  EXPECT_EQ(names.value().ForFingerprint("fedcba9876543210"), nullptr);
  CommentTags tags;
  tags.Parse("controller='x',route='home'");
  EXPECT_EQ(names.value().FromComment(tags), "front");
  tags.Parse("controller='x',action='away'");
  EXPECT_EQ(names.value().FromComment(tags), "");
}

TEST(OperationNames, TakesTheFirstKeyThatTheCommentHas) {
  const Result<OperationNames> names =
      OperationNames::Create({.names_from_comments = {"action", "route"}});
  ASSERT_TRUE(names.ok());
  CommentTags tags;
  tags.Parse("route='%2Fusers%0A',action='list'");
  EXPECT_EQ(names.value().FromComment(tags), "list");
  tags.Parse("route='%2Fusers%0A'");
  EXPECT_EQ(names.value().FromComment(tags), "/users_");
}

TEST(OperationNames, RefusesWhatIsWrongAndNamesIt) {
  EXPECT_NE(ErrorOf({.operations = {{.name = "a"}}}).find("'a'"), std::string::npos);
  EXPECT_NE(ErrorOf({.operations = {{.name = "", .comment = "x"}}}), "");
  EXPECT_NE(ErrorOf({.operations = {{.name = "a;b", .comment = "x"}}}), "");
  EXPECT_NE(ErrorOf({.operations = {{.name = "a", .fingerprint = "12"}}}), "");
  EXPECT_NE(ErrorOf({.operations = {{.name = "a", .sql = ";"}}}), "");
  EXPECT_NE(ErrorOf({.operations = {{.name = "a", .sql = "select 1; select 2"}}}), "");
  EXPECT_NE(ErrorOf({.operations = {{.name = "a", .sql = "select 1", .comment = "x"}}}), "");
  EXPECT_NE(
      ErrorOf({.operations = {{.name = "a", .sql = "select 1"}, {.name = "b", .sql = "SELECT 2"}}}),
      "");
  EXPECT_NE(ErrorOf({.names_from_comments = {"traceparent"}}), "");
  EXPECT_NE(ErrorOf({.operations = std::vector<ConfiguredOperation>(101)}), "");
}

}  // namespace
}  // namespace pgsidecar::sql
