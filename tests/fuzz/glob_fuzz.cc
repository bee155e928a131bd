// Globs: the first line is a pattern, the rest a text. An escaped text matches itself, whatever it
// is; the matcher agrees with one that tries every split.
#include "base/glob.h"
#include "fuzz/require.h"

namespace {

using namespace pgsidecar;  // NOLINT

std::size_t Splits(std::string_view text, std::string_view rest, std::string_view element) {
  // Whether `element` takes the first byte of the text and `rest` all that follows.
  return !text.empty() && GlobMatches(element, text.substr(0, 1)) &&
         GlobMatches(rest, text.substr(1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::Text(data, size);
  const std::size_t line = input.find('\n');
  const std::string_view pattern = input.substr(0, line);
  const std::string_view text =
      line == std::string_view::npos ? std::string_view() : input.substr(line + 1);
  const std::string escaped = EscapeGlob(text);
  if (CheckGlob(escaped).ok()) {
    fuzz::Require(!HasWildcard(escaped) && UnescapeGlob(escaped) == text);
    fuzz::Require(GlobMatches(escaped, text));
  }
  if (!CheckGlob(pattern).ok()) return 0;
  const bool matches = GlobMatches(pattern, text);
  if (!HasWildcard(pattern)) fuzz::Require(matches == (UnescapeGlob(pattern) == text));
  // A leading element of one byte can be taken off on both sides.
  if (pattern.front() != '*' && pattern.front() != '[' && pattern.front() != '\\') {
    fuzz::Require(matches == (Splits(text, pattern.substr(1), pattern.substr(0, 1)) != 0));
  }
  if (pattern.front() == '*') {
    bool any = false;
    for (std::size_t i = 0; i <= text.size() && i < 64 && !any; ++i) {
      any = GlobMatches(pattern.substr(1), text.substr(i));
    }
    if (text.size() < 64) fuzz::Require(matches == any);
  }
  return 0;
}
