#include "config/print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/describe.h"
#include "config/keys.h"

namespace pgsidecar::config {
namespace {

using testing::HasSubstr;
using testing::Not;

Loaded Sample() {
  return Load({{},
               {{"PGSIDECAR_WIRE_MAX_CLIENTS", "7"}},
               {{"--upstream", "upstream", {"postgresql://app:S3CRET@db/shop"}},
                {"--set", "statements.operations", {R"([{name: a, sql: "select '# x'"}])"}}}});
}

TEST(PrintConfig, ShowsEachValueWithItsSource) {
  const std::string text = PrintConfig(Sample());
  EXPECT_THAT(text, HasSubstr("upstream: postgresql://app:***@db/shop  # flag --upstream\n"));
  EXPECT_THAT(text, HasSubstr("wire:\n  listen: [127.0.0.1:6432]  # default\n"));
  EXPECT_THAT(text,
              HasSubstr("  tls:\n    mode: off  # default\n    cert_file: \"\"  # default\n"));
  EXPECT_THAT(text, HasSubstr("  max_clients: 7  # environment variable "
                              "PGSIDECAR_WIRE_MAX_CLIENTS\n"));
  EXPECT_THAT(text, Not(HasSubstr("S3CRET")));
}

TEST(PrintConfig, HidesTheToken) {
  const Loaded loaded = Load({{}, {{"PGSIDECAR_ADMIN_TOKEN", std::string(32, 's')}}, {}});
  ASSERT_TRUE(loaded.errors.empty());
  const std::string text = PrintConfig(loaded);
  EXPECT_THAT(text, HasSubstr("  token: \"***\"  # environment variable PGSIDECAR_ADMIN_TOKEN\n"));
  EXPECT_THAT(text, Not(HasSubstr("sss")));
  const Loaded other = Load({{}, {{"PGSIDECAR_ADMIN_TOKEN", std::string(40, 't')}}, {}});
  EXPECT_EQ(HashConfig(loaded.config), HashConfig(other.config));
}

TEST(PrintConfig, ReadsBackAsTheSameConfiguration) {
  const Loaded sample = Sample();
  ASSERT_TRUE(sample.errors.empty());
  const Settings read = ReadYamlText(PrintConfig(sample), "f.yaml");
  EXPECT_TRUE(read.errors.empty());
  ASSERT_EQ(read.settings.size(), Keys().size());
  Config config;
  for (const Setting& setting : read.settings) {
    EXPECT_TRUE(FindKey(setting.key)->field.set(config, setting.value).ok()) << setting.key;
  }
  for (const Key& key : Keys()) EXPECT_EQ(key.field.get(config), key.field.get(sample.config));
}

TEST(HashConfig, FollowsTheValuesButNotThePassword) {
  const auto hash_of = [](const std::string& uri) {
    return HashConfig(Load({{}, {}, {{"--upstream", "upstream", {uri}}}}).config);
  };
  EXPECT_EQ(HashConfig(Config()), HashConfig(Config()));
  EXPECT_EQ(HashConfig(Config()).size(), 16U);
  EXPECT_NE(HashConfig(Config()), HashConfig(Sample().config));
  EXPECT_EQ(hash_of("postgresql://a:b@db"), hash_of("postgresql://a:c@db"));
  EXPECT_NE(hash_of("postgresql://a:b@db"), hash_of("postgresql://a:b@db2"));
}

TEST(DescribeConfiguration, HasARowForEveryKey) {
  const std::string text = DescribeConfiguration();
  EXPECT_EQ(text, DescribeConfiguration());
  for (const Key& key : Keys()) {
    EXPECT_THAT(text, HasSubstr("| `" + std::string(key.name) + "` | "));
    EXPECT_THAT(text, HasSubstr("`" + EnvironmentName(key.name) + "`"));
  }
}

TEST(DescribeConfiguration, SaysWhatAChangeTakes) {
  const std::string text = DescribeConfiguration();
  const auto row = [&](const std::string& key) {
    const std::size_t begin = text.find("| `" + key + "` |");
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  EXPECT_THAT(row("wire.max_clients"), HasSubstr(" | reload | "));
  EXPECT_THAT(row("wire.listen"), HasSubstr(" | restart | "));
}

TEST(DescribeConfiguration, ItsExampleIsTheDefaults) {
  const std::string text = DescribeConfiguration();
  const std::size_t begin = text.find("```yaml\n") + 8;
  const Settings read = ReadYamlText(text.substr(begin, text.rfind("```") - begin), "f.yaml");
  EXPECT_TRUE(read.errors.empty());
  Config config;
  for (const Setting& setting : read.settings) {
    EXPECT_TRUE(FindKey(setting.key)->field.set(config, setting.value).ok()) << setting.key;
  }
  EXPECT_EQ(read.settings.size(), Keys().size());
  EXPECT_EQ(HashConfig(config), HashConfig(Config()));
}

}  // namespace
}  // namespace pgsidecar::config
