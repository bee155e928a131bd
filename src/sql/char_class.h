#pragma once

#include <array>
#include <cstdint>

namespace pgsidecar::sql {

/// What a byte can begin, by the lexical rules of the PostgreSQL manual, chapter 4.1.
enum class CharClass : std::uint8_t {
  kSpace,  ///< Whitespace and every other control byte.
  kWord,
  kDigit,
  kQuote,
  kDoubleQuote,
  kDollar,
  kDot,
  kColon,
  kOperator,
  kPunctuation,  ///< ( ) [ ] , ;
  kOther,
  kNul,
};

constexpr bool IsDigit(std::uint8_t c) { return c >= '0' && c <= '9'; }

constexpr bool IsWordStart(std::uint8_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

constexpr CharClass ClassifyChar(std::uint8_t c) {
  if (c == 0) return CharClass::kNul;
  if (c <= 0x20 || c == 0x7f) return CharClass::kSpace;
  if (IsWordStart(c)) return CharClass::kWord;
  if (IsDigit(c)) return CharClass::kDigit;
  switch (c) {
    case '\'':
      return CharClass::kQuote;
    case '"':
      return CharClass::kDoubleQuote;
    case '$':
      return CharClass::kDollar;
    case '.':
      return CharClass::kDot;
    case ':':
      return CharClass::kColon;
    case '(':
    case ')':
    case '[':
    case ']':
    case ',':
    case ';':
      return CharClass::kPunctuation;
    case '{':
    case '}':
    case '\\':
      return CharClass::kOther;
    default:
      return CharClass::kOperator;
  }
}

inline constexpr std::array<CharClass, 256> kCharClass = [] {
  std::array<CharClass, 256> table{};
  for (unsigned c = 0; c < 256; ++c) table[c] = ClassifyChar(static_cast<std::uint8_t>(c));
  return table;
}();

/// The byte as it counts within an unquoted word, ASCII upper case folded; 0 if a word ends at it.
inline constexpr std::array<std::uint8_t, 256> kWordFold = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned i = 0; i < 256; ++i) {
    const auto c = static_cast<std::uint8_t>(i);
    if (!IsWordStart(c) && !IsDigit(c) && c != '$') continue;
    table[i] = c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c | 0x20U) : c;
  }
  return table;
}();

}  // namespace pgsidecar::sql
