#include "sql/scanner.h"

#include <cstring>

#include "sql/shape_tokens.h"

namespace pgsidecar::sql {
namespace {

constexpr std::uint64_t kQuotedSeed = 0x900d'0001;
constexpr std::uint64_t kUnicodeSeed = 0x900d'0002;

}  // namespace

std::string_view Scanner::View(const Byte* begin, const Byte* end) {
  return {reinterpret_cast<const char*>(begin), static_cast<std::size_t>(end - begin)};
}

void Scanner::Start(bool standard_conforming_strings, Outputs outputs) {
  conforming_ = standard_conforming_strings;
  outputs_ = outputs;
  admitted_bytes_ = 0;
  ended_ = truncated_ = false;
  mode_ = Mode::kBetween;
  Next();
}

void Scanner::Next() {
  complete_ = false;
  builder_.Start(outputs_.text);
  if (outputs_.comments != nullptr) outputs_.comments->Clear();
}

std::string_view Scanner::Admit(std::string_view piece) {
  if (ended_) return {};
  if (piece.size() > kTextMax - admitted_bytes_) {
    piece = piece.substr(0, kTextMax - admitted_bytes_);
    ended_ = truncated_ = true;
  }
  const std::size_t nul = piece.find('\0');
  if (nul != std::string_view::npos) {
    piece = piece.substr(0, nul);
    ended_ = true;
    truncated_ = false;
  }
  admitted_bytes_ += piece.size();
  return piece;
}

bool Scanner::Run(std::string_view* rest) {
  const Byte* p = reinterpret_cast<const Byte*>(rest->data());
  const Byte* const end = p + rest->size();
  while (p != end && !complete_) p = Step(p, end);
  *rest = View(p, end);
  return complete_;
}

bool Scanner::Finish() {
  FinishToken();
  mode_ = Mode::kBetween;
  complete_ = builder_.Finish(truncated_, &shape_);
  return complete_;
}

const Scanner::Byte* Scanner::Step(const Byte* p, const Byte* end) {
  switch (mode_) {
    case Mode::kBetween:
      return Between(p, end);
    case Mode::kWord:
      return Word(p, end);
    case Mode::kUnicode:
      return Unicode(p);
    case Mode::kQuoted:
      return Quoted(p, end);
    case Mode::kQuotedQuote:
      return QuotedQuote(p);
    case Mode::kString:
      return String(p, end);
    case Mode::kStringEscape:
      mode_ = Mode::kString;
      return p + 1;
    case Mode::kStringQuote:
      return StringQuote(p);
    case Mode::kNumber:
      return Number(p, end);
    case Mode::kDollar:
      return Dollar(p);
    case Mode::kParameter:
      return Parameter(p, end);
    case Mode::kDollarTag:
      return DollarTag(p, end);
    case Mode::kDollarBody:
      return DollarBody(p, end);
    case Mode::kDot:
      return Dot(p);
    case Mode::kColon:
      return Colon(p);
    case Mode::kOperator:
      return Operator(p, end);
    case Mode::kLineComment:
      return LineComment(p, end);
    case Mode::kBlockComment:
      return BlockComment(p, end);
  }
  return end;
}

const Scanner::Byte* Scanner::Between(const Byte* p, const Byte* end) {
  while (p != end) {
    const CharClass kind = kCharClass[*p];
    if (kind != CharClass::kSpace) {
      p = BeginToken(kind, p, end);
      if (mode_ != Mode::kBetween || complete_) return p;
      continue;
    }
    newline_ |= *p == '\n' || *p == '\r';
    ++p;
  }
  return p;
}

/// Most tokens end within the piece: those are taken at once. Others begin a mode, which takes
/// them byte by byte.
const Scanner::Byte* Scanner::BeginToken(CharClass kind, const Byte* p, const Byte* end) {
  switch (kind) {
    case CharClass::kWord:
      return BeginWord(p, end);
    case CharClass::kDigit:
      return BeginDigits(p, end);
    case CharClass::kQuote: {
      const bool continues = builder_.after_string() && escapes_ && newline_;
      BeginString(ShapeBuilder::String::kPlain, !conforming_ || continues);
      return String(p + 1, end);
    }
    case CharClass::kDoubleQuote:
      return BeginIdentifier(p, end);
    case CharClass::kDollar:
      mode_ = Mode::kDollar;
      return p + 1;
    case CharClass::kDot:
      if (end - p > 1 && !IsDigit(p[1])) {
        builder_.Dot();
      } else {
        mode_ = Mode::kDot;
      }
      return p + 1;
    case CharClass::kColon:
      mode_ = Mode::kColon;
      return p + 1;
    case CharClass::kOperator:
      if (end - p > 1 && kCharClass[p[1]] != CharClass::kOperator) {
        builder_.Operator(View(p, p + 1));
        return p + 1;
      }
      mode_ = Mode::kOperator;
      buffered_ = 0;
      return Operator(p, end);
    case CharClass::kPunctuation:
      Punctuation(static_cast<char>(*p));
      return p + 1;
    case CharClass::kOther:
      builder_.Operator(View(p, p + 1));
      return p + 1;
    case CharClass::kSpace:
    case CharClass::kNul:  // Admit cuts the text there.
      return p + 1;
  }
  return p + 1;
}

const Scanner::Byte* Scanner::BeginWord(const Byte* p, const Byte* end) {
  const Byte* stop = p + 1;
  while (stop != end && kWordFold[*stop] != 0) ++stop;
  builder_.BeginWord();
  const bool complete = stop != end && (stop - p > 1 || (*stop != '\'' && *stop != '&'));
  if (complete) {
    builder_.WordPiece(View(p, stop));
    builder_.EndWord(HashRun</*kFold=*/true>(p, stop, end));
    return stop;
  }
  mode_ = Mode::kWord;
  word_ = ByteHash();
  first_ = *p;
  return Word(p, end);
}

const Scanner::Byte* Scanner::BeginDigits(const Byte* p, const Byte* end) {
  const Byte* stop = p + 1;
  while (stop != end && IsDigit(*stop)) ++stop;
  if (stop != end && *stop != '.' && kWordFold[*stop] == 0) {
    const std::string_view digits = View(p, stop);
    builder_.Number(digits.size() <= kSmallDigits ? digits : std::string_view());
    return stop;
  }
  BeginNumber(/*dot=*/false);
  return Number(p, end);
}

const Scanner::Byte* Scanner::BeginIdentifier(const Byte* p, const Byte* end) {
  const Byte* const begin = p + 1;
  const Byte* stop = begin;
  while (stop != end && *stop != '"') ++stop;
  if (end - stop > 1 && stop[1] != '"') {
    builder_.BeginQuoted(/*unicode=*/false);
    builder_.QuotedPiece(View(begin, stop));
    builder_.EndQuoted(HashRun</*kFold=*/false>(begin, stop, end, kQuotedSeed));
    return stop + 1;
  }
  BeginQuoted(/*unicode=*/false);
  return Quoted(begin, end);
}

void Scanner::Punctuation(char c) {
  switch (c) {
    case '(':
    case '[':
      return builder_.Open(c);
    case ')':
    case ']':
      return builder_.Close(c);
    case ',':
      return builder_.Comma();
    default:
      if (!builder_.Semicolon()) return;
      complete_ = builder_.Finish(/*truncated=*/false, &shape_);
      if (!complete_) Next();
  }
}

const Scanner::Byte* Scanner::Word(const Byte* p, const Byte* end) {
  const Byte* const begin = p;
  ByteHash hash = word_;
  while (p != end) {
    const Byte folded = kWordFold[*p];
    if (folded == 0) break;
    hash.Add(folded);
    ++p;
  }
  word_ = hash;
  builder_.WordPiece(View(begin, p));
  return p == end ? p : EndOfWord(p);
}

/// `p` is at the byte that ends the word.
const Scanner::Byte* Scanner::EndOfWord(const Byte* p) {
  if (word_.length() == 1) {
    const Byte first = kWordFold[first_];
    if (first == 'u' && *p == '&') {
      mode_ = Mode::kUnicode;
      return p + 1;
    }
    if (*p == '\'' && (first == 'e' || first == 'b' || first == 'x' || first == 'n')) {
      builder_.DropWord();
      BeginString(ShapeBuilder::String::kPrefixed, first == 'e' || (first == 'n' && !conforming_));
      return p + 1;
    }
  }
  builder_.EndWord(word_.Finish());
  mode_ = Mode::kBetween;
  return p;
}

const Scanner::Byte* Scanner::Unicode(const Byte* p) {
  if (*p == '\'') {
    builder_.DropWord();
    BeginString(ShapeBuilder::String::kUnicode, /*escapes=*/false);
    return p + 1;
  }
  if (*p == '"') {
    builder_.DropWord();
    BeginQuoted(/*unicode=*/true);
    return p + 1;
  }
  builder_.EndWord(word_.Finish());
  mode_ = Mode::kOperator;
  buffer_[0] = '&';
  buffered_ = 1;
  return p;
}

void Scanner::BeginQuoted(bool unicode) {
  mode_ = Mode::kQuoted;
  word_ = ByteHash(unicode ? kUnicodeSeed : kQuotedSeed);
  builder_.BeginQuoted(unicode);
}

const Scanner::Byte* Scanner::Quoted(const Byte* p, const Byte* end) {
  const Byte* const begin = p;
  while (p != end && *p != '"') word_.Add(*p++);
  builder_.QuotedPiece(View(begin, p));
  if (p == end) return p;
  mode_ = Mode::kQuotedQuote;
  return p + 1;
}

const Scanner::Byte* Scanner::QuotedQuote(const Byte* p) {
  if (*p == '"') {
    word_.Add('"');
    builder_.QuotedPiece("\"\"");
    mode_ = Mode::kQuoted;
    return p + 1;
  }
  builder_.EndQuoted(word_.Finish());
  mode_ = Mode::kBetween;
  return p;
}

void Scanner::FinishToken() {
  switch (mode_) {
    case Mode::kBetween:
      return;
    case Mode::kWord:
      return builder_.EndWord(word_.Finish());
    case Mode::kUnicode:
      builder_.EndWord(word_.Finish());
      return builder_.Operator("&");
    case Mode::kQuoted:
    case Mode::kQuotedQuote:
      return builder_.EndQuoted(word_.Finish());
    case Mode::kString:
    case Mode::kStringEscape:
    case Mode::kStringQuote:
      return EndString();
    case Mode::kNumber:
      return EndNumber();
    case Mode::kDollar:
    case Mode::kParameter:
    case Mode::kDollarTag:
    case Mode::kDollarBody:
      return EndLiteral();
    case Mode::kDot:
      return builder_.Dot();
    case Mode::kColon:
      return builder_.Operator(":");
    case Mode::kOperator:
      return EndOperator();
    case Mode::kLineComment:
    case Mode::kBlockComment:
      if (outputs_.comments != nullptr) outputs_.comments->End(0);
      return;
  }
}

}  // namespace pgsidecar::sql
