#include "app/commands.h"

#include <cstdio>
#include <string>
#include <string_view>

#include "app/run.h"
#include "app/sections.h"
#include "app/validate.h"
#include "app/version.h"
#include "config/describe.h"
#include "config/print.h"
#include "metrics/exposition.h"

namespace pgsidecar::app {
namespace {

int Print(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (written && std::fflush(stdout) == 0) return kExitOk;
  std::fputs("pgsidecar: stdout cannot be written\n", stderr);
  return kExitFailure;
}

int Complain(std::string_view problem) {
  const std::string line = "pgsidecar: " + std::string(problem) + "\n";
  std::fputs(line.c_str(), stderr);
  return kExitUsage;
}

config::Inputs InputsOf(const CommandLine& line) {
  config::Inputs inputs{line.config_file, config::ProcessEnvironment(), line.flags};
  if (!inputs.file) {
    for (const auto& [name, value] : inputs.environment) {
      if (name == config::kConfigFileVariable) inputs.file = value;
    }
  }
  return inputs;
}

int WithConfig(const CommandLine& line) {
  const config::Inputs inputs = InputsOf(line);
  config::Loaded loaded = config::Load(inputs);
  if (loaded.errors.empty() && line.action == Action::kCheckConfig)
    loaded.errors = Validate(loaded);
  for (const std::string& error : loaded.errors) Complain(error);
  if (!loaded.errors.empty()) return kExitUsage;
  if (line.action == Action::kCheckConfig) return Print("configuration is valid\n");
  if (line.action == Action::kPrintConfig) return Print(config::PrintConfig(loaded));
  return Run(loaded, [inputs] { return config::Load(inputs); });
}

std::string VersionText() {
  return "pgsidecar " + std::string(Version()) + "\nrevision " + std::string(Revision()) +
         "\ncompiler " + std::string(Compiler()) + "\nfingerprints " +
         std::string(FingerprintVersion()) + "\n";
}

}  // namespace

int Execute(const CommandLine& line) {
  switch (line.action) {
    case Action::kRun:
    case Action::kCheckConfig:
    case Action::kPrintConfig:
      return WithConfig(line);
    case Action::kVersion:
      return Print(VersionText());
    case Action::kDescribeMetrics:
      return Print(metrics::DescribeMetrics(MetricSections()));
    case Action::kDescribeConfiguration:
      return Print(config::DescribeConfiguration());
  }
  return kExitUsage;
}

int Main(int argc, const char* const* argv) {
  const auto parsed = ParseCommandLine(argc, argv);
  if (const auto* line = std::get_if<CommandLine>(&parsed)) return Execute(*line);
  const auto& answer = std::get<Answer>(parsed);
  if (answer.exit_code == kExitOk) return Print(answer.text);
  std::fputs(answer.text.c_str(), stderr);
  return answer.exit_code;
}

}  // namespace pgsidecar::app
