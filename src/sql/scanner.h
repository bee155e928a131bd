#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sql/comment_capture.h"
#include "sql/shape_builder.h"

namespace pgsidecar::sql {

/// Cuts SQL text into tokens for a ShapeBuilder, by the lexical rules of the PostgreSQL manual,
/// chapter 4.1. One pass, no recursion, no allocation; may stop at any byte and go on in the next
/// piece. Not thread-safe.
///
///   scanner.Start(...);
///   for each piece:
///     rest = scanner.Admit(piece);
///     while (scanner.Run(&rest)) { use scanner.shape(); scanner.Next(); }
///   if (scanner.Finish()) use scanner.shape();
class Scanner {
 public:
  /// How much of a text is read; what follows is only marked in the shape.
  static constexpr std::size_t kTextMax = std::size_t{1024} * 1024;

  struct Outputs {
    CanonicalText* text = nullptr;       ///< Null: shapes only.
    CommentCapture* comments = nullptr;  ///< Cleared at the start of each statement. May be null.
  };

  void Start(bool standard_conforming_strings, Outputs outputs);
  /// The part of the next piece that is to be scanned: up to a NUL byte or the limit.
  std::string_view Admit(std::string_view piece);
  /// Scans until a statement ends (true; `rest` begins behind it) or `rest` is used up (false).
  bool Run(std::string_view* rest);
  /// The text is over. Returns whether one more statement ended; without one, comments behind the
  /// last semicolon are still in the capture.
  bool Finish();
  const StatementShape& shape() const { return shape_; }
  /// Begins the next statement.
  void Next();

 private:
  enum class Mode : std::uint8_t {
    kBetween,
    kWord,
    kUnicode,  ///< Behind `U&`, which is a prefix only if a quote follows.
    kQuoted,
    kQuotedQuote,  ///< Behind a quote within or at the end of a quoted identifier.
    kString,
    kStringEscape,  ///< Behind a backslash.
    kStringQuote,
    kNumber,
    kDollar,
    kParameter,
    kDollarTag,
    kDollarBody,
    kDot,
    kColon,
    kOperator,
    kLineComment,
    kBlockComment,
  };
  using Byte = std::uint8_t;

  static std::string_view View(const Byte* begin, const Byte* end);
  const Byte* Step(const Byte* p, const Byte* end);
  const Byte* Between(const Byte* p, const Byte* end);
  const Byte* BeginToken(CharClass kind, const Byte* p, const Byte* end);
  const Byte* BeginWord(const Byte* p, const Byte* end);
  const Byte* BeginDigits(const Byte* p, const Byte* end);
  const Byte* BeginIdentifier(const Byte* p, const Byte* end);
  void Punctuation(char c);
  const Byte* Word(const Byte* p, const Byte* end);
  const Byte* EndOfWord(const Byte* p);
  const Byte* Unicode(const Byte* p);
  void BeginQuoted(bool unicode);
  const Byte* Quoted(const Byte* p, const Byte* end);
  const Byte* QuotedQuote(const Byte* p);
  void BeginString(ShapeBuilder::String kind, bool escapes);
  const Byte* String(const Byte* p, const Byte* end);
  const Byte* StringQuote(const Byte* p);
  void EndString();
  void BeginNumber(bool dot);
  const Byte* Number(const Byte* p, const Byte* end);
  void EndNumber();
  const Byte* Dollar(const Byte* p);
  const Byte* Parameter(const Byte* p, const Byte* end);
  const Byte* DollarTag(const Byte* p, const Byte* end);
  const Byte* DollarBody(const Byte* p, const Byte* end);
  void EndLiteral();
  const Byte* Dot(const Byte* p);
  const Byte* Colon(const Byte* p);
  const Byte* Operator(const Byte* p, const Byte* end);
  void EndOperator();
  void BeginComment(Mode mode);
  const Byte* LineComment(const Byte* p, const Byte* end);
  const Byte* BlockComment(const Byte* p, const Byte* end);
  void FinishToken();

  static constexpr std::size_t kBufferBytes = 64;
  static constexpr std::size_t kSmallDigits = 4;  ///< An integer that may be part of a type.

  ShapeBuilder builder_;
  ByteHash word_;  ///< Of the current word or quoted identifier.
  std::size_t admitted_bytes_ = 0;
  std::uint32_t nesting_ = 0;  ///< Of block comments.
  Mode mode_ = Mode::kBetween;
  Byte first_ = 0;     ///< First byte of a word of one byte; last byte of a comment or number.
  Byte buffered_ = 0;  ///< Bytes in buffer_.
  Byte matched_ = 0;   ///< How much of the closing dollar quote was seen, its first `$` included.
  ShapeBuilder::String string_ = ShapeBuilder::String::kPlain;
  bool conforming_ = true;  ///< standard_conforming_strings.
  bool escapes_ = false;    ///< Backslashes escape in the current or last string.
  bool newline_ = false;    ///< Since the last string.
  bool dotted_ = false;     ///< The number has its decimal point.
  bool decimal_ = false;    ///< The number consists of digits, so that an `e` is an exponent.
  bool long_tag_ = false;   ///< The dollar quote's tag does not fit: it is never closed.
  bool ended_ = false;      ///< By NUL or by the limit.
  bool truncated_ = false;
  bool complete_ = false;
  std::array<char, kBufferBytes> buffer_;  ///< An operator, a dollar quote's tag, or digits.
  Outputs outputs_;
  StatementShape shape_;
};

static_assert(sizeof(Scanner) <= 512);

}  // namespace pgsidecar::sql
