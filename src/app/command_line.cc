#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/version.h"
#include "base/text.h"

namespace pgsidecar::app {
namespace {

constexpr const char* kAbout =
    "pgsidecar - Prometheus metrics for every statement between a service and PostgreSQL.\n\n"
    "Point the service at port 6432 instead of 5432 and scrape port 9432.";

constexpr const char* kFooter =
    R"(
Examples:
  pgsidecar run                                          PostgreSQL is at 127.0.0.1:5432
  pgsidecar run --upstream postgresql://db:5432
  PGSIDECAR_UPSTREAM=postgresql://db pgsidecar run       the same with the environment
  pgsidecar run --config pgsidecar.yaml --log-level debug
  curl http://127.0.0.1:9432/metrics

Ports:       127.0.0.1:6432 PostgreSQL protocol, 127.0.0.1:9432 metrics, probes, status page
Environment: every key in capitals behind PGSIDECAR_, dots as _: wire.max_clients is
             PGSIDECAR_WIRE_MAX_CLIENTS; PGSIDECAR_CONFIG names the file
Exit codes:  0 success, 1 failure at run time, 2 wrong command line or configuration
`pgsidecar describe configuration` lists all keys.)";

constexpr const char* kRunAbout =
    "Serve until SIGTERM or SIGINT, then drain: new sessions are served for drain.accept_for, "
    "open\n"
    "ones may go on for drain.timeout. A second signal ends them at once.";

/// What CLI11 fills.
struct Flags {
  std::string config_file, upstream, admin_listen, log_level;
  std::vector<std::string> listen, set;
};

void AddConfigFlags(CLI::App* command, Flags& flags) {
  command->add_option("--config", flags.config_file, "YAML file with keys (see PGSIDECAR_CONFIG)")
      ->type_name("FILE");
  command->add_option("--upstream", flags.upstream, "Where PostgreSQL is (upstream)")
      ->type_name("URI");
  command->add_option("--listen", flags.listen, "Where clients connect (wire.listen), repeatable")
      ->type_name("ADDR")
      ->allow_extra_args(false);
  command->add_option("--admin-listen", flags.admin_listen, "Where metrics are (admin.listen)")
      ->type_name("ADDR");
  command->add_option("--log-level", flags.log_level, "debug, info, warning, error (log.level)")
      ->type_name("LEVEL");
  command->add_option("--set", flags.set, "Any key, repeatable")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->footer(kFooter);
}

/// The flags that were given, as settings.
std::vector<config::Flag> SettingsOf(const CLI::App& command, const Flags& flags) {
  std::vector<config::Flag> settings;
  const auto add = [&](const std::string& name, const char* key,
                       const std::vector<std::string>& values) {
    if (command.count(name) > 0) settings.push_back({name, key, values});
  };
  add("--upstream", "upstream", {flags.upstream});
  add("--listen", "wire.listen", flags.listen);
  add("--admin-listen", "admin.listen", {flags.admin_listen});
  add("--log-level", "log.level", {flags.log_level});
  for (const std::string& text : flags.set) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string value = equals < text.size() ? text.substr(equals + 1) : "";
    settings.push_back({"--set", text.substr(0, equals), {value}});
  }
  return settings;
}

/// One command that does something, and what CLI11 calls it.
struct Command {
  Action action;
  CLI::App* app;
};

std::vector<Command> AddCommands(CLI::App& root, Flags& flags) {
  CLI::App* run = root.add_subcommand("run", kRunAbout);
  CLI::App* check = root.add_subcommand(
      "check-config", "Check file, environment and flags as `run` would, without starting.");
  CLI::App* print = root.add_subcommand(
      "print-config", "Print the effective configuration as YAML, each value with its source.");
  for (CLI::App* command : {run, check, print}) AddConfigFlags(command, flags);
  CLI::App* version = root.add_subcommand("version", "Print version, revision and compiler.");
  CLI::App* describe = root.add_subcommand("describe", "Print a reference as Markdown.");
  describe->require_subcommand(1);
  CLI::App* metrics = describe->add_subcommand("metrics", "All metrics: docs/metrics.md.");
  CLI::App* keys = describe->add_subcommand("configuration", "All keys: docs/configuration.md.");
  return {{Action::kRun, run},
          {Action::kCheckConfig, check},
          {Action::kPrintConfig, print},
          {Action::kVersion, version},
          {Action::kDescribeMetrics, metrics},
          {Action::kDescribeConfiguration, keys}};
}

}  // namespace

std::variant<CommandLine, Answer> ParseCommandLine(int argc, const char* const* argv) {
  CLI::App root(kAbout, "pgsidecar");
  root.require_subcommand(1);
  root.footer(kFooter);
  root.set_version_flag("--version", std::string(Version()));
  Flags flags;
  const std::vector<Command> commands = AddCommands(root, flags);
  try {
    root.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Answer{kExitOk, root.help()};  // That of the command that was named.
  } catch (const CLI::CallForVersion&) {
    return Answer{kExitOk, std::string(Version()) + "\n"};
  } catch (const CLI::ParseError& error) {
    return Answer{kExitUsage, "pgsidecar: " + PrintableText(error.what(), 400) +
                                  "; allowed: see `pgsidecar --help`\n"};
  }
  CommandLine line;
  for (const Command& command : commands) {
    if (!command.app->parsed()) continue;
    line.action = command.action;
    if (command.action > Action::kPrintConfig) continue;
    if (command.app->count("--config") > 0) line.config_file = flags.config_file;
    line.flags = SettingsOf(*command.app, flags);
  }
  return line;
}

}  // namespace pgsidecar::app
