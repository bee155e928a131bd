#include "base/glob.h"

#include <cstdint>

namespace pgsidecar {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

/// Index behind the class that begins at `at` (a '['), or kNone if it does not end.
std::size_t ClassEnd(std::string_view pattern, std::size_t at) {
  std::size_t i = at + 1;
  if (i < pattern.size() && pattern[i] == '!') ++i;
  for (const std::size_t first = i; i < pattern.size(); ++i) {
    if (pattern[i] == ']' && i != first) return i + 1;
    if (pattern[i] == '\\') ++i;
  }
  return kNone;
}

/// Index behind the element (byte, escape or class) that begins at `at`.
std::size_t ElementEnd(std::string_view pattern, std::size_t at) {
  if (pattern[at] == '[') return ClassEnd(pattern, at);
  if (pattern[at] == '\\') return at + 2 <= pattern.size() ? at + 2 : kNone;
  return at + 1;
}

/// The byte at `i` of a class body, which an escape may hide; `i` moves behind it.
std::uint8_t TakeByte(std::string_view body, std::size_t& i) {
  if (body[i] == '\\' && i + 1 < body.size()) ++i;
  return static_cast<std::uint8_t>(body[i++]);
}

/// `body`: what is between the brackets.
bool InClass(std::string_view body, std::uint8_t byte) {
  const bool negated = body.front() == '!';
  bool found = false;
  for (std::size_t i = negated ? 1 : 0; i < body.size();) {
    const std::uint8_t low = TakeByte(body, i);
    std::uint8_t high = low;
    if (i + 1 < body.size() && body[i] == '-') {
      ++i;
      high = TakeByte(body, i);
    }
    found = found || (low <= byte && byte <= high);
  }
  return found != negated;
}

/// Whether the element from `at` to `end` matches `byte`. Not for '*'.
bool ElementMatches(std::string_view pattern, std::size_t at, std::size_t end, char byte) {
  switch (pattern[at]) {
    case '?':
      return true;
    case '\\':
      return pattern[at + 1] == byte;
    case '[':
      return InClass(pattern.substr(at + 1, end - at - 2), static_cast<std::uint8_t>(byte));
    default:
      return pattern[at] == byte;
  }
}

}  // namespace

Status CheckGlob(std::string_view pattern) {
  if (pattern.empty()) return Error{"the pattern is empty; * stands for everything"};
  if (pattern.size() > kGlobBytesMax) {
    return Error{"the pattern has " + std::to_string(pattern.size()) + " bytes, at most " +
                 std::to_string(kGlobBytesMax) + " are allowed"};
  }
  for (std::size_t i = 0; i < pattern.size();) {
    const std::size_t end = ElementEnd(pattern, i);
    if (end == kNone) {
      return Error{std::string("the pattern has ") +
                   (pattern[i] == '[' ? "a class without its ]" : "a \\ at its end")};
    }
    i = end;
  }
  return {};
}

bool HasWildcard(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '*' || pattern[i] == '?' || pattern[i] == '[') return true;
    if (pattern[i] == '\\') ++i;
  }
  return false;
}

std::string UnescapeGlob(std::string_view pattern) {
  std::string text;
  text.reserve(pattern.size());
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    text.push_back(pattern[i]);
  }
  return text;
}

std::string EscapeGlob(std::string_view text) {
  std::string pattern;
  pattern.reserve(text.size());
  for (const char c : text) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') pattern.push_back('\\');
    pattern.push_back(c);
  }
  return pattern;
}

bool GlobMatches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = kNone;  // Behind the last '*' seen, and where the text was then.
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      resume = t;
      continue;
    }
    if (p < pattern.size()) {
      const std::size_t end = ElementEnd(pattern, p);
      if (end == kNone) return false;
      if (ElementMatches(pattern, p, end, text[t])) {
        p = end;
        ++t;
        continue;
      }
    }
    if (star == kNone) return false;
    // The last '*' takes one byte more. Earlier ones need not move: what they took was shortest.
    p = star;
    t = ++resume;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace pgsidecar
