#include "cache/redis_scanner.h"

#include <algorithm>
#include <charconv>

namespace pgsidecar::cache {
namespace {

constexpr std::size_t kNumberBytes = 20;  // Sign and digits of a 64-bit number.

Error Refusal(std::string_view what, std::int64_t length, std::size_t limit) {
  return Error{std::string(what) + " of " + std::to_string(length) + " in a reply; the limit is " +
               std::to_string(limit)};
}

/// A byte for a person: itself if it is printable ASCII, else its code.
std::string Shown(char c) {
  const auto code = static_cast<unsigned char>(c);
  if (code > ' ' && code < 0x7f) return std::string("'") + c + "'";
  return "byte " + std::to_string(code);
}

}  // namespace

Status RedisScanner::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (state_ == State::kBulk) {
      const std::size_t taken = std::min(bulk_left_, bytes.size());
      bytes.remove_prefix(taken);
      bulk_left_ -= taken;
      if (bulk_left_ == 0) state_ = State::kBulkEnd;
      continue;
    }
    const char c = bytes.front();
    bytes.remove_prefix(1);
    if (state_ == State::kBulkEnd) {
      if (c != "\r\n"[end_seen_]) return Error{"no CR LF behind a bulk string"};
      if (++end_seen_ == 2) EndElement();
      continue;
    }
    const Status taken = state_ == State::kType ? TakeType(c) : TakeLineByte(c);
    if (!taken.ok()) return taken;
  }
  return {};
}

Status RedisScanner::TakeType(char type) {
  if (std::string_view("+-:$*").find(type) == std::string_view::npos) {
    return Error{"a reply starts with " + Shown(type) + ", which is no type of RESP2"};
  }
  type_ = type;
  line_.clear();
  line_bytes_ = 0;
  state_ = State::kLine;
  return {};
}

Status RedisScanner::TakeLineByte(char c) {
  if (state_ == State::kLineEnd) {
    if (c != '\n') return Error{"CR without LF in a reply"};
    return TakeLine();
  }
  if (c == '\r') {
    state_ = State::kLineEnd;
    return {};
  }
  if (c == '\n') return Error{"LF without CR in a reply"};
  const bool is_text = type_ == '+' || type_ == '-';
  const std::size_t limit = is_text ? limits_.line_bytes : kNumberBytes;
  if (++line_bytes_ > limit) {
    return Refusal("a line", static_cast<std::int64_t>(line_bytes_), limit);
  }
  if (!is_text) line_ += c;
  return {};
}

Status RedisScanner::TakeLine() {
  if (type_ == '+' || type_ == '-') {
    EndElement();
    return {};
  }
  const Result<std::int64_t> number = ReadLength(line_);
  if (!number.ok()) return number.error();
  if (type_ == '$') return TakeBulkLength(number.value());
  if (type_ == '*') return TakeArrayLength(number.value());
  EndElement();
  return {};
}

Result<std::int64_t> RedisScanner::ReadLength(std::string_view digits) const {
  std::int64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, number);
  if (failure != std::errc() || stop != end) return Error{"a number that is none in a reply"};
  return number;
}

Status RedisScanner::TakeBulkLength(std::int64_t length) {
  if (length == -1) {
    EndElement();
    return {};
  }
  if (length < 0 || static_cast<std::uint64_t>(length) > limits_.bulk_bytes) {
    return Refusal("a bulk string", length, limits_.bulk_bytes);
  }
  bulk_left_ = static_cast<std::size_t>(length);
  end_seen_ = 0;
  state_ = bulk_left_ > 0 ? State::kBulk : State::kBulkEnd;
  return {};
}

Status RedisScanner::TakeArrayLength(std::int64_t length) {
  if (length < -1 || (length > 0 && static_cast<std::uint64_t>(length) > limits_.elements)) {
    return Refusal("an array", length, limits_.elements);
  }
  if (length <= 0) {
    EndElement();
    return {};
  }
  if (open_.size() >= limits_.depth) {
    return Refusal("a depth", static_cast<std::int64_t>(open_.size()) + 1, limits_.depth);
  }
  open_.push_back(static_cast<std::size_t>(length));
  state_ = State::kType;
  return {};
}

void RedisScanner::EndElement() {
  state_ = State::kType;
  while (!open_.empty() && --open_.back() == 0) open_.pop_back();
}

}  // namespace pgsidecar::cache
