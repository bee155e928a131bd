// Replies of Redis: the scanner refuses or bounds everything before the parser allocates, both
// agree on where a reply ends, and the split of the bytes changes nothing.
#include <algorithm>
#include <string>

#include "cache/redis_codec.h"
#include "cache/redis_server.h"
#include "fuzz/require.h"

namespace {

using namespace pgsidecar::cache;  // NOLINT

constexpr RedisLimits kLimits = {.bulk_bytes = 1000, .elements = 16, .line_bytes = 200, .depth = 7};

/// A text that stands for the value; equal values have equal texts.
void Append(std::string& to, RedisValue value, std::size_t depth) {
  pgsidecar::fuzz::Require(depth <= kLimits.depth);
  pgsidecar::fuzz::Require(value.text().size() <= std::max(kLimits.bulk_bytes, kLimits.line_bytes));
  pgsidecar::fuzz::Require(value.size() <= kLimits.elements);
  to += value.is_error() ? '-' : value.is_nil() ? '_' : value.is_array() ? '*' : '$';
  to += std::to_string(value.integer().value_or(0)) + ":" + std::string(value.text());
  for (std::size_t i = 0; i < value.size(); ++i) Append(to, value[i], depth + 1);
  ParseServerTime(value);
  (void)ParseServerInfo(value.text());
}

/// What the replies were, and how it ended.
std::string Read(std::string_view bytes, std::size_t piece) {
  RedisReplyReader reader(kLimits);
  std::string seen;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    if (!reader.Feed(bytes.substr(at, piece)).ok()) return seen + "!";
    for (;;) {
      auto next = reader.Next();
      if (!next.ok()) return seen + "!";
      if (!next.value().has_value()) break;
      Append(seen, next.value()->value(), 0);
      seen += ';';
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = pgsidecar::fuzz::Text(data, size);
  // In single bytes, whatever is complete before a fault has been read.
  const std::string slow = Read(bytes, 1);
  const std::string fast = Read(bytes, std::max<std::size_t>(size, 1));
  const bool failed = slow.ends_with('!') || fast.ends_with('!');
  if (failed) {
    pgsidecar::fuzz::Require(slow.ends_with('!') == fast.ends_with('!'));
    return 0;
  }
  pgsidecar::fuzz::Require(slow == fast);
  RedisScanner scanner(kLimits);
  pgsidecar::fuzz::Require(scanner.Feed(bytes).ok());
  return 0;
}
