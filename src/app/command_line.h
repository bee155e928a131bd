#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/load.h"

namespace pgsidecar::app {

constexpr int kExitOk = 0;
constexpr int kExitFailure = 1;  ///< Something failed at run time.
constexpr int kExitUsage = 2;    ///< The command line or the configuration is wrong.

enum class Action : std::uint8_t {
  kRun,
  kCheckConfig,
  kPrintConfig,
  kVersion,
  kDescribeMetrics,
  kDescribeConfiguration,
};

struct CommandLine {
  Action action = Action::kRun;
  std::optional<std::string> config_file;
  std::vector<config::Flag> flags;
};

/// What to say instead of doing anything: a help text, or one line about a wrong command line.
struct Answer {
  int exit_code = kExitOk;
  std::string text;  ///< For stdout if exit_code is 0, else for stderr.
};

std::variant<CommandLine, Answer> ParseCommandLine(int argc, const char* const* argv);

}  // namespace pgsidecar::app
