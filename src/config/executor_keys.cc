#include <algorithm>
#include <chrono>
#include <string>

#include "config/key_groups.h"
#include "config/upstream.h"

namespace pgsidecar::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr nanoseconds kZero{0};
constexpr hours kDay{24};
constexpr std::string_view kUrlAllowed =
    "nothing for that of `upstream`, or a URI like it without a password";
constexpr std::string_view kFileAllowed = "the absolute path of a file, or nothing";
constexpr std::string_view kNameAllowed =
    "a name of at most 63 bytes without control characters, or nothing";
constexpr std::string_view kChannelAllowed =
    "[a-z_][a-z0-9_]*, at most 63 bytes, or nothing to listen to none";
constexpr std::string_view kNamespaceAllowed = "[A-Za-z0-9_-]+, at most 32 bytes";

Status CheckUrl(std::string_view text) {
  if (text.empty()) return {};
  const auto parsed = ParseUpstream(text);
  if (!parsed.ok()) return parsed.error();
  if (parsed.value().upstream.password.empty()) return {};
  return Refuse(parsed.value().shown, "has a password; executor.password_file is for that",
                kUrlAllowed);
}

Status CheckFile(std::string_view text) {
  if (text.empty() || (text.starts_with('/') && !text.ends_with('/'))) return {};
  return Refuse(text, "is not the path of a file", kFileAllowed);
}

Status CheckName(std::string_view text) {
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
  });
  if (text.size() <= 63 && printable) return {};
  return Refuse(text, "is not a name", kNameAllowed);
}

bool IsOf(std::string_view text, std::string_view bytes) {
  return text.find_first_not_of(bytes) == std::string_view::npos;
}

Status CheckChannel(std::string_view text) {
  const bool digit_first = !text.empty() && text.front() >= '0' && text.front() <= '9';
  if (!digit_first && text.size() <= 63 && IsOf(text, "abcdefghijklmnopqrstuvwxyz0123456789_")) {
    return {};
  }
  return Refuse(text, "is not the name of a channel", kChannelAllowed);
}

Status CheckNamespace(std::string_view text) {
  if (!text.empty() && text.size() <= 32 &&
      IsOf(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")) {
    return {};
  }
  return Refuse(text, "is not a namespace", kNamespaceAllowed);
}

std::vector<Key> ConnectionKeys() {
  return {
      {"executor.url", "Where operations run, if not at `upstream`.",
       Text(
           [](Config & c) -> auto& { return c.operations.url; }, kUrlAllowed, CheckUrl)},
      {"executor.user", "As whom operations run, instead of the user of that URI.",
       Text(
           [](Config & c) -> auto& { return c.operations.user; }, kNameAllowed, CheckName)},
      {"executor.password_file",
       "File of the password of that user, instead of the one in `upstream`.",
       Text(
           [](Config & c) -> auto& { return c.operations.password_file; }, kFileAllowed,
           CheckFile)},
      {"executor.database", "The database of operations, instead of that of the URI.",
       Text(
           [](Config & c) -> auto& { return c.operations.database; }, kNameAllowed, CheckName)},
      {"executor.connections_max", "Connections that operations may use at once.",
       Integer([](Config & c) -> auto& { return c.operations.connections_max; }, {1, 1000})},
      {"executor.connections_min", "Connections that stay open while nothing runs.",
       Integer([](Config & c) -> auto& { return c.operations.connections_min; }, {0, 1000})},
      {"executor.waiters_max", "Calls that may wait for a connection; more are refused.",
       Integer([](Config & c) -> auto& { return c.operations.waiters_max; }, {0, 100'000})},
      {"executor.wait", "How long a call may wait for a connection.",
       Duration([](Config & c) -> auto& { return c.operations.wait_max; },
                {milliseconds(1), seconds(60)})},
      {"executor.timeout", "How long an operation may take that has no timeout of its own.",
       Duration([](Config & c) -> auto& { return c.operations.timeout; },
                {milliseconds(1), hours(1)})},
      {"executor.statement_timeout",
       "The statement_timeout of its connections, in force even if pgsidecar is gone; 0 leaves it "
       "to the server.",
       Duration([](Config & c) -> auto& { return c.operations.statement_timeout; },
                {kZero, hours(1)})},
      {"executor.idle", "How long an unused connection stays open; 0 is for ever.",
       Duration([](Config & c) -> auto& { return c.operations.idle_max; }, {kZero, kDay})},
      {"executor.lifetime", "How long a connection is used; 0 is for ever.",
       Duration([](Config & c) -> auto& { return c.operations.lifetime_max; }, {kZero, kDay})},
      {"executor.prepared_statements",
       "Statements that stay prepared on each connection; 0 for a pooler in transaction mode.",
       Integer([](Config & c) -> auto& { return c.operations.prepared_statements_max; },
               {0, 10'000})},
      {"executor.facts_every",
       "How often the catalogue is read again that decides what may be cached.",
       Duration([](Config & c) -> auto& { return c.operations.facts_every; }, {seconds(1), kDay})},
  };
}

std::vector<Key> CacheKeys() {
  return {
      {"cache.max_bytes", "Memory of all cached answers together.",
       Bytes([](Config & c) -> auto& { return c.cache.max_bytes; },
             {std::uint64_t{1} << 20U, std::uint64_t{64} << 30U})},
      {"cache.max_entry_bytes", "The largest answer that is cached.",
       Bytes([](Config & c) -> auto& { return c.cache.max_entry_bytes; },
             {1024, std::uint64_t{64} << 20U})},
      {"cache.default_ttl", "How long an answer is fresh whose own ttl is not configured.",
       Duration([](Config & c) -> auto& { return c.cache.default_ttl; }, {milliseconds(1), kDay})},
      {"cache.max_ttl", "How long any answer is kept, stale ones too.",
       Duration([](Config & c) -> auto& { return c.cache.max_ttl; }, {seconds(1), 7 * kDay})},
      {"cache.negative_ttl", "How long an answer without rows is fresh; 0 keeps none.",
       Duration([](Config & c) -> auto& { return c.cache.negative_ttl; }, {kZero, kDay})},
      {"cache.stale_while_revalidate",
       "How long after its ttl an answer is still given while it is being refreshed.",
       Duration([](Config & c) -> auto& { return c.cache.stale_while_revalidate; }, {kZero, kDay})},
      {"cache.stale_if_error",
       "How long after its ttl an answer is still given while PostgreSQL does not answer.",
       Duration([](Config & c) -> auto& { return c.cache.stale_if_error; }, {kZero, kDay})},
      {"cache.beta", "How eagerly answers are refreshed before they expire; 0 never does.",
       Number([](Config & c) -> auto& { return c.cache.beta; }, {0, 10})},
      {"cache.namespace", "What keeps deployments apart that share one Redis.",
       Text(
           [](Config & c) -> auto& { return c.cache.name_space; }, kNamespaceAllowed,
           CheckNamespace)},
      {"cache.secret_file",
       "File of at least 32 bytes, the same for all instances, that authenticates what is kept in "
       "Redis.",
       Text(
           [](Config & c) -> auto& { return c.cache.secret_file; }, kFileAllowed, CheckFile)},
      {"cache.notify_channel",
       "Channel on which triggers say what was written elsewhere; heard when an operation is "
       "cached.",
       Text(
           [](Config & c) -> auto& { return c.operations.notify_channel; }, kChannelAllowed,
           CheckChannel)},
      {"cache.warmup", "Cached operations that are called at the start, before anybody asks.",
       WarmupField()},
  };
}

}  // namespace

std::vector<Key> ExecutorKeys() {
  std::vector<Key> keys = {
      {"operations", "Statements that POST /api/v1/operations/NAME runs.", NamedOperationsField()}};
  for (const auto& group : {ConnectionKeys(), CacheKeys(), RedisKeys()}) {
    keys.insert(keys.end(), group.begin(), group.end());
  }
  return keys;
}

}  // namespace pgsidecar::config
