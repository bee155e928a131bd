#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "cache/redis_scanner.h"

struct redisReader;
struct redisReply;

namespace pgsidecar::cache {

/// One reply of Redis (RESP2), or an element of one. A view: lives as long as the RedisReply it is
/// taken from.
class RedisValue {
 public:
  explicit RedisValue(const redisReply* reply) : reply_(reply) {}

  bool is_nil() const;
  bool is_error() const;
  bool is_array() const;
  /// A bulk string, a status, or the text of an error; empty for all else.
  std::string_view text() const;
  bool is_text() const;  ///< A bulk string or status.
  std::optional<std::int64_t> integer() const;
  std::size_t size() const;  ///< Elements; 0 unless an array.
  /// Requires: i < size().
  RedisValue operator[](std::size_t i) const;

 private:
  const redisReply* reply_;
};

/// The server's Unix time as `TIME` tells it: seconds and microseconds. Nothing if it is malformed.
std::optional<Nanos> ParseServerTime(RedisValue value);

/// Owns a reply.
class RedisReply {
 public:
  /// Takes what redisReaderGetReply gave.
  explicit RedisReply(redisReply* reply) : reply_(reply) {}
  RedisValue value() const { return RedisValue(reply_.get()); }

 private:
  struct Deleter {
    void operator()(redisReply* target) const;
  };
  std::unique_ptr<redisReply, Deleter> reply_;
};

/// Turns received bytes into replies: hiredis' reader behind a scanner that enforces our bounds
/// before anything is allocated. Touches no socket. After an error it is of no more use.
class RedisReplyReader {
 public:
  explicit RedisReplyReader(const RedisLimits& limits);

  /// Takes the next received bytes. The error says what was wrong with them.
  Status Feed(std::string_view bytes);
  /// The next whole reply, or nothing until more was fed. Requires: Feed did not fail.
  Result<std::optional<RedisReply>> Next();

 private:
  struct Deleter {
    void operator()(redisReader* target) const;
  };
  RedisScanner scanner_;
  std::unique_ptr<redisReader, Deleter> reader_;
};

/// Appends the command as RESP. Arguments may hold any bytes. False if there was no memory.
[[nodiscard]] bool AppendCommand(std::string& to, std::span<const std::string_view> arguments);

}  // namespace pgsidecar::cache
