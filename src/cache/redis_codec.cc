#include "cache/redis_codec.h"

#include <hiredis/hiredis.h>

#include <array>
#include <charconv>
#include <vector>

#include "base/text.h"

namespace pgsidecar::cache {

bool RedisValue::is_nil() const { return reply_->type == REDIS_REPLY_NIL; }

bool RedisValue::is_error() const { return reply_->type == REDIS_REPLY_ERROR; }

bool RedisValue::is_array() const { return reply_->type == REDIS_REPLY_ARRAY; }

bool RedisValue::is_text() const {
  return reply_->type == REDIS_REPLY_STRING || reply_->type == REDIS_REPLY_STATUS;
}

std::string_view RedisValue::text() const {
  if (!is_text() && !is_error()) return {};
  return {reply_->str, reply_->len};
}

std::optional<std::int64_t> RedisValue::integer() const {
  if (reply_->type != REDIS_REPLY_INTEGER) return std::nullopt;
  return reply_->integer;
}

std::size_t RedisValue::size() const { return is_array() ? reply_->elements : 0; }

RedisValue RedisValue::operator[](std::size_t i) const { return RedisValue(reply_->element[i]); }

std::optional<Nanos> ParseServerTime(RedisValue value) {
  constexpr std::int64_t kSecondsMax = std::int64_t{1} << 33;  // Some centuries from now.
  std::array<std::int64_t, 2> parts{};
  if (value.size() != parts.size()) return std::nullopt;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string_view digits = value[i].text();
    const char* const end = digits.data() + digits.size();
    const auto [stop, failure] = std::from_chars(digits.data(), end, parts[i]);
    if (failure != std::errc() || stop != end || parts[i] < 0) return std::nullopt;
  }
  if (parts[0] > kSecondsMax || parts[1] >= 1'000'000) return std::nullopt;
  return parts[0] * kNanosPerSecond + parts[1] * 1000;
}

void RedisReply::Deleter::operator()(redisReply* target) const { freeReplyObject(target); }

void RedisReplyReader::Deleter::operator()(redisReader* target) const { redisReaderFree(target); }

RedisReplyReader::RedisReplyReader(const RedisLimits& limits)
    : scanner_(limits), reader_(redisReaderCreate()) {}

Status RedisReplyReader::Feed(std::string_view bytes) {
  if (reader_ == nullptr) return Error{"no memory for a reader"};
  const Status scanned = scanner_.Feed(bytes);
  if (!scanned.ok()) return scanned;
  if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK) return {};
  return Error{PrintableText(reader_->errstr, sizeof reader_->errstr)};
}

Result<std::optional<RedisReply>> RedisReplyReader::Next() {
  void* reply = nullptr;
  if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) {
    return Error{PrintableText(reader_->errstr, sizeof reader_->errstr)};
  }
  if (reply == nullptr) return std::optional<RedisReply>();
  return std::optional<RedisReply>(RedisReply(static_cast<redisReply*>(reply)));
}

bool AppendCommand(std::string& to, std::span<const std::string_view> arguments) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  texts.reserve(arguments.size());
  lengths.reserve(arguments.size());
  for (const std::string_view each : arguments) {
    // An empty view may have no address at all, which the library would copy from.
    texts.push_back(each.empty() ? "" : each.data());
    lengths.push_back(each.size());
  }
  char* command = nullptr;
  const auto bytes = redisFormatCommandArgv(&command, static_cast<int>(arguments.size()),
                                            texts.data(), lengths.data());
  if (bytes <= 0 || command == nullptr) return false;
  to.append(command, static_cast<std::size_t>(bytes));
  redisFreeCommand(command);
  return true;
}

}  // namespace pgsidecar::cache
