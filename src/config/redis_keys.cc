#include <chrono>
#include <string>

#include "cache/redis_url.h"
#include "config/key_groups.h"

namespace pgsidecar::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr nanoseconds kZero{0};
constexpr std::string_view kFileAllowed = "the absolute path of a file, or nothing";
constexpr std::string_view kUserAllowed =
    "a name of at most 128 bytes without spaces or control characters, or nothing";
constexpr std::string_view kPrefixAllowed = "[A-Za-z0-9_.:-]+, at most 32 bytes";
constexpr std::string_view kUrlAllowed =
    "redis://HOST[:PORT][/DATABASE], the same with rediss:// for TLS, unix:///PATH[?db=DATABASE], "
    "or nothing to keep everything in memory";

Status CheckUrl(std::string_view text) {
  if (text.empty()) return {};
  const auto url = cache::ParseRedisUrl(text);
  if (!url.ok()) return url.error();
  // It would be seen in lists of processes.
  if (!url.value().password.empty()) {
    return Refuse(cache::MaskRedisUrl(text),
                  "has a password; cache.redis.user and cache.redis.password_file are for that",
                  kUrlAllowed);
  }
  return {};
}

Status CheckFile(std::string_view text) {
  if (text.empty() || (text.starts_with('/') && !text.ends_with('/'))) return {};
  return Refuse(text, "is not the path of a file", kFileAllowed);
}

Status CheckUser(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7F) return Refuse(text, "is not a user", kUserAllowed);
  }
  if (text.size() > 128) return Refuse(text, "is not a user", kUserAllowed);
  return {};
}

/// No braces: only the control keys have a hash tag.
Status CheckPrefix(std::string_view text) {
  constexpr std::string_view kBytes =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-";
  const bool plain = text.find_first_not_of(kBytes) == std::string_view::npos;
  if (!text.empty() && text.size() <= 32 && plain) return {};
  return Refuse(text, "is not a prefix of keys", kPrefixAllowed);
}

std::vector<Key> IdentityKeys() {
  return {
      {"cache.redis.url",
       "Redis or Valkey that keeps cached answers for several instances; empty for memory only.",
       Text(
           [](Config & c) -> auto& { return c.cache.redis.url; }, kUrlAllowed, CheckUrl)},
      {"cache.redis.database", "Number of the database; 0 leaves it to the URL.",
       Integer([](Config & c) -> auto& { return c.cache.redis.database; }, {0, 65'535})},
      {"cache.redis.prefix", "What the names of all keys begin with.",
       Text(
           [](Config & c) -> auto& { return c.cache.redis.prefix; }, kPrefixAllowed, CheckPrefix)},
      {"cache.redis.user", "User of Redis' ACL; empty for the default user.",
       Text(
           [](Config & c) -> auto& { return c.cache.redis.user; }, kUserAllowed, CheckUser)},
      {"cache.redis.password_file", "File with the password for Redis.",
       Text(
           [](Config & c) -> auto& { return c.cache.redis.password_file; }, kFileAllowed,
           CheckFile)},
      {"cache.redis.ca_file",
       "Certificates that vouch for Redis under rediss://; empty for those of the system.",
       Text(
           [](Config & c) -> auto& { return c.cache.redis.ca_file; }, kFileAllowed, CheckFile)},
      {"cache.redis.cert_file", "Our own certificate for a Redis that asks for one.",
       Text(
           [](Config & c) -> auto& { return c.cache.redis.cert_file; }, kFileAllowed, CheckFile)},
      {"cache.redis.key_file", "The private key of that certificate.",
       Text(
           [](Config & c) -> auto& { return c.cache.redis.key_file; }, kFileAllowed, CheckFile)},
  };
}

std::vector<Key> TimeKeys() {
  return {
      {"cache.redis.connect_timeout", "How long a connection to Redis may take to come about.",
       Duration([](Config & c) -> auto& { return c.cache.redis.connect_timeout; },
                {milliseconds(10), seconds(10)})},
      {"cache.redis.soft_timeout",
       "How long a look-up waits for Redis before it goes on with memory.",
       Duration([](Config & c) -> auto& { return c.cache.redis.soft_timeout; },
                {milliseconds(1), seconds(1)})},
      {"cache.redis.hard_timeout", "How long a command may take before its connection is closed.",
       Duration([](Config & c) -> auto& { return c.cache.redis.hard_timeout; },
                {milliseconds(10), seconds(10)})},
      {"cache.redis.near_ttl",
       "How old an answer in memory may be to be given without asking Redis; 0 always asks.",
       Duration([](Config & c) -> auto& { return c.cache.redis.near_ttl; }, {kZero, hours(1)})},
      {"cache.redis.fallback_max_ttl",
       "How long answers in memory live on while Redis cannot be reached, for invalidations of "
       "other instances cannot arrive.",
       Duration([](Config & c) -> auto& { return c.cache.redis.fallback_max_ttl; },
                {seconds(1), hours(24)})},
  };
}

}  // namespace

std::vector<Key> RedisKeys() {
  std::vector<Key> keys = IdentityKeys();
  for (const Key& each : TimeKeys()) keys.push_back(each);
  return keys;
}

}  // namespace pgsidecar::config
