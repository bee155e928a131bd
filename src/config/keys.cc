#include "config/keys.h"

#include <algorithm>
#include <cctype>

#include "config/address.h"
#include "config/admin_checks.h"
#include "config/key_groups.h"
#include "config/suggest.h"

namespace pgsidecar::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr nanoseconds kZero{0};
constexpr hours kDay{24};
constexpr std::string_view kPathAllowed = "stderr, or the absolute path of a file";
constexpr std::string_view kCommentKeyAllowed =
    "sqlcommenter keys of letters, digits and _, as in action, route, controller";

Status CheckLogPath(std::string_view text) {
  if (text == "stderr" || (text.starts_with('/') && !text.ends_with('/'))) return {};
  return Refuse(text, "is not a log destination", kPathAllowed);
}

Status CheckCommentKey(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
  });
  if (plain && !text.empty()) return {};
  return Refuse(text, "is not a key of a comment", kCommentKeyAllowed);
}

// One row per key: name, what it does, and how it is read into which member.

std::vector<Key> BookKeys() {
  return {
      {"slow_log.path", "Where the slow-query log goes, one JSON object per line.",
       Text(
           [](Config & c) -> auto& { return c.slow_log.path; }, kPathAllowed, CheckLogPath)},
      {"slow_log.rate", "Lines of the slow-query log per second, on average; more are counted.",
       Number([](Config & c) -> auto& { return c.slow_log.rate; }, {0.01, 10'000})},
      {"slow_log.burst", "Lines of the slow-query log that may be written at once.",
       Integer([](Config & c) -> auto& { return c.slow_log.burst; }, {1, 100'000})},
      {"slow_log.running_after",
       "A statement that runs that long is logged while it still runs; 0 turns this off.",
       Duration([](Config & c) -> auto& { return c.slow_log.running_after; }, {kZero, kDay})},
      {"slow_log.explain.enabled",
       "Whether the plans of slow statements are taken, over a connection of our own with user, "
       "password and database of `upstream`.",
       Boolean([](Config & c) -> auto& { return c.explain.enabled; }), kReloads},
      {"slow_log.explain.analyze",
       "Whether a slow SELECT without parameters is run again to measure its plan.",
       Boolean([](Config & c) -> auto& { return c.explain.analyze; }), kReloads},
      {"slow_log.explain.timeout", "The statement_timeout of that connection.",
       Duration([](Config & c) -> auto& { return c.explain.timeout; },
                {milliseconds(10), hours(1)}),
       kReloads},
      {"slow_log.explain.every", "Shortest time between two plans of the same statement.",
       Duration([](Config & c) -> auto& { return c.explain.every; }, {kZero, kDay}), kReloads},
      {"statements.limit", "Statements that have series of their own; all others share one.",
       Integer([](Config & c) -> auto& { return c.statements.limit; }, {0, 600})},
      {"statements.grace", "How long the series of a statement that lost its place stay, frozen.",
       Duration([](Config & c) -> auto& { return c.statements.grace; },
                {std::chrono::minutes(5), kDay})},
      {"statements.text", "How much of a statement's text labels, logs and answers show.",
       Choice<sql::TextPolicy>([](Config & c) -> auto& { return c.statements.text; },
                               {"normalised", "summary", "off"})},
      {"statements.names_from_comments",
       "Keys of sqlcommenter comments; the first that a statement carries is its operation.",
       List([](Config & c) -> auto& { return c.statements.names_from_comments; },
            {0, 16, kCommentKeyAllowed, CheckCommentKey})},
      {"statements.operations", "Statements with a name and a place of their own.",
       OperationsField()},
  };
}

std::vector<Key> OperatorKeys() {
  return {
      {"admin.listen", "Where metrics, probes and the status page are served.",
       Text(
           [](Config & c) -> auto& { return c.admin.listen; }, kAdminAllowed, CheckAdminAddress)},
      {"admin.allow_unauthenticated",
       "Whether admin.listen may be another address than loopback although there is no token and "
       "anybody who reaches it can read; what changes something is then refused.",
       Boolean([](Config & c) -> auto& { return c.admin.allow_unauthenticated; })},
      {"admin.token_file", "File of the tokens that let callers in, read again on reload.",
       Text(
           [](Config & c) -> auto& { return c.admin.token_file; }, kTokenFileAllowed,
           CheckTokenFile),
       kReloads},
      {"admin.token",
       "The tokens themselves instead of a file; meant for the environment, as lists of processes "
       "show flags.",
       TokenField(), kReloads},
      {"admin.token_scope",
       "Whether a token is needed only for what changes something or also to read; probes never "
       "need one.",
       Choice<admin::TokenScope>([](Config & c) -> auto& { return c.admin.token_scope; },
                                 {"mutating", "all"}),
       kReloads},
      {"admin.hosts", "Names beside IP addresses and localhost that requests may have in Host.",
       List([](Config & c) -> auto& { return c.admin.hosts; },
            {0, 64, kHostAllowed, CheckHostName}),
       kReloads},
      {"log.level", "The least severe lines that are logged.",
       Choice<LogLevel>([](Config & c) -> auto& { return c.log.level; },
                        {"debug", "info", "warning", "error"}),
       kReloads},
      {"log.format", "How log lines on stderr look.",
       Choice<LogFormat>([](Config & c) -> auto& { return c.log.format; }, {"text", "json"})},
  };
}

std::vector<Key> MakeKeys() {
  std::vector<Key> keys;
  for (const auto& group :
       {TrafficKeys(), WireKeys(), ExecutorKeys(), BookKeys(), OperatorKeys()}) {
    keys.insert(keys.end(), group.begin(), group.end());
  }
  return keys;
}

}  // namespace

const std::vector<Key>& Keys() {
  static const std::vector<Key> keys = MakeKeys();
  return keys;
}

const Key* FindKey(std::string_view name) {
  const auto found =
      std::find_if(Keys().begin(), Keys().end(), [&](const Key& key) { return key.name == name; });
  return found == Keys().end() ? nullptr : &*found;
}

std::string EnvironmentName(std::string_view key) {
  std::string name = "PGSIDECAR_";
  for (const char c : key) {
    name +=
        c == '.' || c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

std::string Suggestion(std::string_view unknown) {
  std::vector<std::string> names;
  for (const Key& key : Keys()) names.emplace_back(key.name);
  return Suggest(unknown, names);
}

}  // namespace pgsidecar::config
