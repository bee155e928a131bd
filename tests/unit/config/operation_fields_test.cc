#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "config/keys.h"
#include "config/load.h"
#include "config/yaml.h"

namespace pgsidecar::config {
namespace {

using executor::OperationConfig;
using executor::ParameterType;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kFile = R"yaml(
operations:
  - name: findUserByIdOrEmail
    description: One user.
    sql: |
      SELECT * FROM users
      WHERE id = $1 OR email = $2
    parameters: ["id integer null", "email text null"]
    timeout: 2s
    cache:
      ttl: 5m
      key: "user:{id}"
      tags: [users, "user:{id}"]
      negative_ttl: 0
      stale_while_revalidate: 10s
      functions: [rate]
      allow_standby: true
  - {name: touch, sql: "UPDATE users SET seen = 1 WHERE ids = ANY ($1)",
                           parameters : ["ids bigint[]"],
                           retry_conflicts : true,
                           invalidates : ["user:{ids}"]
}
cache:
  warmup:
    - {operation: findUserByIdOrEmail, parameters: {id: 1}, every: 1h}
)yaml";

/// Sets the keys of a text, as Load does; the first error, or nothing.
std::string SetAll(std::string_view text, Config* config) {
  const Settings read = ReadYamlText(text, "f.yaml");
  if (!read.errors.empty()) return read.errors.front();
  for (const Setting& setting : read.settings) {
    const Status set = FindKey(setting.key)->field.set(*config, setting.value);
    if (!set.ok()) return setting.source + ": " + setting.key + ": " + set.error().message;
  }
  return "";
}

TEST(OperationsField, ReadsEverything) {
  Config config;
  ASSERT_EQ(SetAll(kFile, &config), "");
  ASSERT_EQ(config.operations.operations.size(), 2U);
  const OperationConfig& find = config.operations.operations[0];
  EXPECT_EQ(find.spec.name, "findUserByIdOrEmail");
  EXPECT_EQ(find.spec.description, "One user.");
  EXPECT_EQ(find.spec.sql, "SELECT * FROM users\nWHERE id = $1 OR email = $2\n");
  ASSERT_EQ(find.spec.parameters.size(), 2U);
  EXPECT_EQ(find.spec.parameters[0].name, "id");
  EXPECT_EQ(find.spec.parameters[0].type, ParameterType::kInt4);
  EXPECT_TRUE(find.spec.parameters[0].nullable);
  EXPECT_FALSE(find.spec.parameters[0].array);
  EXPECT_EQ(find.spec.timeout, seconds(2));
  EXPECT_TRUE(find.spec.read_only);
  ASSERT_TRUE(find.spec.cache.has_value());
  EXPECT_EQ(find.spec.cache->ttl, seconds(300));
  EXPECT_EQ(find.spec.cache->negative_ttl, seconds(0));
  EXPECT_EQ(find.spec.cache->stale_while_revalidate, seconds(10));
  EXPECT_EQ(find.spec.cache->stale_if_error, executor::kUnset);
  EXPECT_EQ(find.spec.cache->key, "user:{id}");
  EXPECT_THAT(find.spec.cache->tags, ElementsAre("users", "user:{id}"));
  EXPECT_THAT(find.rule.functions, ElementsAre("rate"));
  EXPECT_TRUE(find.rule.allow_standby);
  EXPECT_EQ(find.rule.own_tags, 2U);

  const OperationConfig& touch = config.operations.operations[1];
  EXPECT_FALSE(touch.spec.read_only);
  EXPECT_FALSE(touch.spec.cache.has_value());
  EXPECT_TRUE(touch.spec.retry_conflicts);
  EXPECT_TRUE(touch.spec.parameters[0].array);
  EXPECT_EQ(touch.spec.parameters[0].type, ParameterType::kInt8);

  ASSERT_EQ(config.operations.warmup.size(), 1U);
  EXPECT_EQ(config.operations.warmup[0].operation, "findUserByIdOrEmail");
  EXPECT_THAT(config.operations.warmup[0].parameters, ElementsAre(testing::Pair("id", "1")));
  EXPECT_EQ(config.operations.warmup[0].every, std::chrono::hours(1));
}

TEST(OperationsField, WritesWhatItReadsBack) {
  Config config;
  ASSERT_EQ(SetAll(kFile, &config), "");
  for (const char* name : {"operations", "cache.warmup"}) {
    const Key& key = *FindKey(name);
    const std::string text = key.field.get(config);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    Config again;
    ASSERT_TRUE(key.field.set(again, Value(text)).ok()) << text;
    EXPECT_EQ(key.field.get(again), text);
  }
}

/// A plain `?` at the end of a flow scalar is where yaml-cpp stumbles.
TEST(OperationsField, WritesAnyTextThatItReadsBack) {
  for (const char* sql :
       {"SELECT a ?", "SELECT a ?| b", "{", "a: b", "# no", "'\"\\\t\n\x01", "[", "é"}) {
    Config config;
    OperationConfig operation;
    operation.spec.name = "x";
    operation.spec.sql = sql;
    config.operations.operations = {operation};
    const Key& key = *FindKey("operations");
    Config again;
    const Status set = key.field.set(again, Value(key.field.get(config)));
    ASSERT_TRUE(set.ok()) << set.error().message;
    EXPECT_EQ(again.operations.operations[0].spec.sql, sql);
  }
}

TEST(OperationsField, NamesWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"operations: 5", "f.yaml:1: operations: is not a list of maps; allowed: at most 200 maps"},
      {"operations: [5]", "operation 1 (line 1) is not a map"},
      {"operations:\n  - name: a\n    sqll: x",
       "operation 1 (line 3): sqll: unknown (did you mean sql?); allowed: cache, description, "},
      {"operations: [{name: a}]", "operation 1 (line 1): sql: is missing; allowed: one statement"},
      {"operations: [{sql: a}]", "name: '' is not a name of an operation; allowed: [A-Za-z_]"},
      {"operations: [{name: a b, sql: x}]", "name: 'a b' is not a name of an operation"},
      {"operations: [{name: a, name: b, sql: x}]", "name: is there twice; allowed: once"},
      {"operations: [{name: a, sql: x}, {name: a, sql: y}]", "'a' is the name of two operations"},
      {"operations: [{name: a, sql: [x]}]", "sql: is not a single value; allowed: one"},
      {"operations: [{name: a, sql: x, timeout: soon}]", "timeout: 'soon' is not a duration"},
      {"operations: [{name: a, sql: x, timeout: 2h}]",
       "timeout: '2h' is out of range; allowed: 1ms to 1h"},
      {"operations: [{name: a, sql: x, read_only: yes}]", "read_only: 'yes' is not a boolean"},
      {"operations: [{name: a, sql: x, parameters: {id: int4}}]", "parameters: is not a list"},
      {"operations: [{name: a, sql: x, parameters: [id]}]", "parameters: 'id' is not a parameter"},
      {"operations: [{name: a, sql: x, parameters: [id uuuid]}]",
       "parameters: 'id uuuid' has an unknown type; allowed: NAME TYPE"},
      {"operations: [{name: a, sql: x, parameters: [id int4 nul]}]", "ends in something else"},
      {"operations: [{name: a, sql: x, parameters: [1d int4]}]", "has no name of a parameter"},
      {"operations: [{name: a, sql: x, parameters: [id int4, id text]}]", "'id' is there twice"},
      {"operations: [{name: a, sql: x, invalidates: ['u:{id}']}]",
       "'id' is no parameter of this operation; allowed: text with {PARAMETER}"},
      {"operations: [{name: a, sql: x, cache: on}]", "cache (line 1) is not a map"},
      {"operations: [{name: a, sql: x, cache: {ttl: 0}}]",
       "cache: cache (line 1): ttl: '0' is out of range"},
      {"operations: [{name: a, sql: x, cache: {key: 'u:{id'}}]", "has a brace without its other"},
      {"operations: [{name: a, sql: x, cache: {key: 'u}'}}]", "has a brace without its other"},
      {"operations: [{name: a, sql: x, cache: {tags: [a, b, c, d, e, f, g, h, i]}}]",
       "tags: are too many; allowed: at most 8"},
      {"operations: [{name: a, sql: x, cache: {size: 1}}]", "size: unknown"},
      {"operations: [[[[[[[[[[1]]]]]]]]]]", "has too many levels"},
      {"cache: {warmup: [{parameters: {}}]}", "operation: is missing"},
      {"cache: {warmup: [{operation: a, parameters: {b: [1]}}]}", "b: is not a single value"},
      {"cache: {warmup: [{operation: a, parameters: {b: 1}, params_from: c}]}",
       "are there beside params_from"},
      {"cache: {warmup: [{operation: a, limit: 1001}]}", "limit: '1001' is not such an integer"},
  };
  for (const auto& [text, problem] : cases) {
    Config config;
    EXPECT_THAT(SetAll(text, &config), HasSubstr(problem)) << text;
    EXPECT_TRUE(config.operations.operations.empty()) << text;
  }
}

TEST(OperationsField, TakesBracesOfATemplateLiterally) {
  Config config;
  EXPECT_EQ(SetAll("operations: [{name: a, sql: x, cache: {key: '{{id}}'}}]", &config), "");
}

TEST(ExecutorKeys, KeepPasswordsOutOfTheUrl) {
  Config config;
  const Status set = FindKey("executor.url")->field.set(config, Value("postgresql://a:hush@h/d"));
  ASSERT_FALSE(set.ok());
  EXPECT_THAT(set.error().message, HasSubstr("executor.password_file"));
  EXPECT_EQ(set.error().message.find("hush"), std::string::npos);
}

}  // namespace
}  // namespace pgsidecar::config
