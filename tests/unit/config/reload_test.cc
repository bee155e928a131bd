#include "config/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/keys.h"

namespace pgsidecar::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Loaded LoadSet(const std::vector<std::pair<const char*, const char*>>& settings) {
  Inputs inputs;
  for (const auto& [key, value] : settings) inputs.flags.push_back({"--set", key, {value}});
  Loaded loaded = Load(inputs);
  EXPECT_THAT(loaded.errors, IsEmpty());
  return loaded;
}

TEST(MergeRunning, TakesTheNewValuesOfKeysThatReload) {
  const Merged merged = MergeRunning(
      LoadSet({{"upstream", "postgresql://u:p@db"}, {"wire.max_clients", "7"}}), Config());
  EXPECT_THAT(merged.restart_needed, IsEmpty());
  EXPECT_EQ(merged.loaded.config.wire.max_clients, 7U);
  EXPECT_EQ(merged.loaded.config.wire.upstream.password, "p");
}

TEST(MergeRunning, KeepsTheRunningValuesOfTheOthersAndNamesThem) {
  const Loaded running = LoadSet({{"wire.listen", "127.0.0.1:1,127.0.0.1:2"},
                                  {"wire.threads", "auto"},
                                  {"statements.operations", R"([{name: "a: b", sql: "x # y"}])"},
                                  {"slow_log.path", "/var/log/x"}});
  const Merged merged = MergeRunning(
      LoadSet({{"wire.threads", "2"}, {"log.format", "json"}, {"slow_log.path", "/var/log/x"}}),
      running.config);
  EXPECT_THAT(merged.restart_needed,
              ElementsAre("wire.listen", "wire.threads", "statements.operations", "log.format"));
  for (const Key& key : Keys()) {
    EXPECT_EQ(key.field.get(merged.loaded.config), key.field.get(running.config)) << key.name;
  }
}

TEST(MergeRunning, NamesThemAgainUntilTheRestart) {
  const Loaded next = LoadSet({{"wire.threads", "2"}});
  const Merged once = MergeRunning(next, Config());
  EXPECT_THAT(MergeRunning(next, once.loaded.config).restart_needed, ElementsAre("wire.threads"));
}

TEST(MergeRunning, ChecksWhatRunsUntilTheRestart) {
  const Config running = LoadSet({{"wire.listen", "0.0.0.0:1"}}).config;
  const Loaded next = LoadSet({{"upstream", "postgresql://%2Frun%2Fpg"}});
  EXPECT_THAT(MergeRunning(next, running).loaded.errors,
              ElementsAre(HasSubstr("until the restart: wire.listen: '0.0.0.0:1' lends the")));
}

}  // namespace
}  // namespace pgsidecar::config
