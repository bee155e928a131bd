#include "app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::variant<CommandLine, Answer> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "pgsidecar");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

CommandLine ParseLine(const std::vector<const char*>& arguments) {
  const auto parsed = Parse(arguments);
  const auto* line = std::get_if<CommandLine>(&parsed);
  EXPECT_NE(line, nullptr) << (line == nullptr ? std::get<Answer>(parsed).text : "");
  return line == nullptr ? CommandLine() : *line;
}

Answer ParseAnswer(const std::vector<const char*>& arguments) {
  const auto parsed = Parse(arguments);
  const auto* answer = std::get_if<Answer>(&parsed);
  EXPECT_NE(answer, nullptr);
  return answer == nullptr ? Answer() : *answer;
}

TEST(CommandLine, KnowsEveryCommand) {
  EXPECT_EQ(ParseLine({"run"}).action, Action::kRun);
  EXPECT_EQ(ParseLine({"check-config"}).action, Action::kCheckConfig);
  EXPECT_EQ(ParseLine({"print-config"}).action, Action::kPrintConfig);
  EXPECT_EQ(ParseLine({"version"}).action, Action::kVersion);
  EXPECT_EQ(ParseLine({"describe", "metrics"}).action, Action::kDescribeMetrics);
  EXPECT_EQ(ParseLine({"describe", "configuration"}).action, Action::kDescribeConfiguration);
}

TEST(CommandLine, RunNeedsNothing) {
  const CommandLine line = ParseLine({"run"});
  EXPECT_FALSE(line.config_file.has_value());
  EXPECT_TRUE(line.flags.empty());
}

TEST(CommandLine, TurnsFlagsIntoSettings) {
  const CommandLine line = ParseLine(
      {"run", "--config", "f.yaml", "--upstream=postgresql://db", "--listen", "127.0.0.1:1",
       "--listen", "[::1]:2", "--admin-listen", "127.0.0.1:3", "--log-level", "debug", "--set",
       "drain.timeout=1s", "--set", "statements.operations=[{name: a, sql: b=c}]", "--set", "odd"});
  EXPECT_EQ(line.config_file, "f.yaml");
  std::vector<std::string> seen;
  for (const config::Flag& flag : line.flags) {
    std::string text = flag.name + " " + flag.key + " =";
    for (const std::string& value : flag.values) text += " " + value;
    seen.push_back(text);
  }
  EXPECT_THAT(seen,
              ElementsAre("--upstream upstream = postgresql://db",
                          "--listen wire.listen = 127.0.0.1:1 [::1]:2",
                          "--admin-listen admin.listen = 127.0.0.1:3",
                          "--log-level log.level = debug", "--set drain.timeout = 1s",
                          "--set statements.operations = [{name: a, sql: b=c}]", "--set odd = "));
}

TEST(CommandLine, HelpTeaches) {
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {"--help"}, {"run", "--help"}, {"check-config", "-h"}, {"print-config", "--help"}}) {
    const Answer answer = ParseAnswer(arguments);
    EXPECT_EQ(answer.exit_code, kExitOk);
    for (const char* part : {"Examples:", "6432", "9432", "PGSIDECAR_WIRE_MAX_CLIENTS",
                             "Exit codes:", "describe configuration"}) {
      EXPECT_THAT(answer.text, HasSubstr(part)) << arguments[0];
    }
  }
  EXPECT_THAT(ParseAnswer({"run", "--help"}).text, HasSubstr("--listen ADDR"));
  EXPECT_THAT(ParseAnswer({"run", "--help"}).text, HasSubstr("Usage: pgsidecar run [OPTIONS]"));
  EXPECT_THAT(ParseAnswer({"describe", "--help"}).text, HasSubstr("configuration"));
  EXPECT_THAT(ParseAnswer({"describe", "metrics", "--help"}).text, HasSubstr("docs/metrics.md"));
  EXPECT_EQ(ParseAnswer({"version", "--help"}).exit_code, kExitOk);
}

TEST(CommandLine, WrongOnesAreOneLine) {
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{},
                                             {"rnu"},
                                             {"run", "--nothing"},
                                             {"run", "extra"},
                                             {"run", "--config"},
                                             {"run", "--config", "a", "--config", "b"},
                                             {"run", "--upstream", "a", "--upstream", "b"},
                                             {"run", "--listen", "a", "b"},
                                             {"run", "check-config"},
                                             {"describe"},
                                             {"describe", "nothing"},
                                             {"version", "--config", "f"}}) {
    const Answer answer = ParseAnswer(arguments);
    EXPECT_EQ(answer.exit_code, kExitUsage);
    EXPECT_EQ(std::count(answer.text.begin(), answer.text.end(), '\n'), 1) << answer.text;
    EXPECT_TRUE(answer.text.starts_with("pgsidecar: ")) << answer.text;
    EXPECT_TRUE(answer.text.ends_with("; allowed: see `pgsidecar --help`\n")) << answer.text;
  }
  EXPECT_THAT(ParseAnswer({"run", "--nothing"}).text, HasSubstr("--nothing"));
}

TEST(CommandLine, KnowsItsVersion) {
  const Answer answer = ParseAnswer({"--version"});
  EXPECT_EQ(answer.exit_code, kExitOk);
  EXPECT_EQ(std::count(answer.text.begin(), answer.text.end(), '.'), 2) << answer.text;
}

}  // namespace
}  // namespace pgsidecar::app
