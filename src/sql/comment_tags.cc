#include "sql/comment_tags.h"

#include <algorithm>

namespace pgsidecar::sql {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";

void SkipBlanks(std::string_view* text) {
  text->remove_prefix(std::min(text->find_first_not_of(kBlanks), text->size()));
}

bool IsKeyByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-' || c == '%';
}

std::string_view TakeKey(std::string_view* text) {
  const auto end = std::find_if_not(text->begin(), text->end(), IsKeyByte);
  const std::string_view key = text->substr(0, static_cast<std::size_t>(end - text->begin()));
  text->remove_prefix(key.size());
  return key;
}

/// The value of a hexadecimal digit, or -1.
int Nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsLowerHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

std::optional<TagKey> FindTagKey(std::string_view name) {
  const auto* found = std::find(kTagKeys.begin(), kTagKeys.end(), name);
  if (found == kTagKeys.end()) return std::nullopt;
  return static_cast<TagKey>(found - kTagKeys.begin());
}

CommentTags::Outcome CommentTags::Parse(std::string_view comment) {
  values_.fill({});
  used_ = 0;
  SkipBlanks(&comment);
  std::string_view start = comment;
  if (TakeKey(&start).empty() || !start.starts_with("='")) return Outcome::kNoTags;
  for (;;) {
    if (!ParsePair(&comment)) break;
    SkipBlanks(&comment);
    if (comment.empty()) return Outcome::kTags;
    if (comment.front() != ',') break;
    comment.remove_prefix(1);
    SkipBlanks(&comment);
  }
  values_.fill({});
  return Outcome::kMalformed;
}

bool CommentTags::ParsePair(std::string_view* rest) {
  const std::string_view key = TakeKey(rest);
  if (key.empty() || !rest->starts_with("='")) return false;
  rest->remove_prefix(2);
  const std::optional<std::string_view> value = Decode(rest);
  if (!value) return false;
  if (const auto known = FindTagKey(key)) values_[static_cast<std::size_t>(*known)] = *value;
  return true;
}

/// Takes a value up to and including its closing quote. Decoding never lengthens, so that the
/// buffer, as long as the longest comment, holds all values.
std::optional<std::string_view> CommentTags::Decode(std::string_view* rest) {
  const std::size_t begin = used_;
  while (!rest->empty() && used_ < decoded_.size()) {
    char c = rest->front();
    std::size_t taken = 1;
    if (c == '\'') {
      rest->remove_prefix(1);
      return std::string_view(decoded_.data() + begin, used_ - begin);
    }
    if (c == '\\' && rest->size() > 1) {
      c = (*rest)[1];
      taken = 2;
    } else if (c == '%') {
      const int high = rest->size() > 2 ? Nibble((*rest)[1]) : -1;
      const int low = rest->size() > 2 ? Nibble((*rest)[2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      taken = 3;
    }
    decoded_[used_++] = c;
    rest->remove_prefix(taken);
  }
  return std::nullopt;
}

bool ParseTraceparent(std::string_view text, TraceContext* trace) {
  constexpr std::size_t kLength = 55;  // 2 + 32 + 16 + 2 digits and three dashes.
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace_id = text.substr(3, 32);
  const std::string_view span_id = text.substr(36, 16);
  const bool longer_is_allowed = version != "00" && text.size() > kLength && text[kLength] == '-';
  if (text.size() != kLength && !longer_is_allowed) return false;
  if (version == "ff" || !IsLowerHex(version) || !IsLowerHex(text.substr(53, 2))) return false;
  if (!IsLowerHex(trace_id) || !IsLowerHex(span_id) || IsZero(trace_id) || IsZero(span_id)) {
    return false;
  }
  trace_id.copy(trace->trace_id, trace_id.size());
  span_id.copy(trace->span_id, span_id.size());
  return true;
}

}  // namespace pgsidecar::sql
