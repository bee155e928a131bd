#include <cstring>

#include "sql/scanner.h"
#include "sql/shape_tokens.h"

namespace pgsidecar::sql {

// Literals, operators and comments. The rest of Scanner.

namespace {

/// Operators that hold one of these may end in a sign. PostgreSQL manual, section 4.1.3.
bool AllowsTrailingSign(std::string_view op) {
  return op.find_first_of("~!@#^&|`?%") != std::string_view::npos;
}

}  // namespace

void Scanner::BeginString(ShapeBuilder::String kind, bool escapes) {
  mode_ = Mode::kString;
  string_ = kind;
  escapes_ = escapes;
}

const Scanner::Byte* Scanner::String(const Byte* p, const Byte* end) {
  while (p != end) {
    const Byte c = *p++;
    if (c == '\'') {
      mode_ = Mode::kStringQuote;
      return p != end ? StringQuote(p) : p;
    }
    if (c == '\\' && escapes_) {
      mode_ = Mode::kStringEscape;
      return p;
    }
  }
  return p;
}

const Scanner::Byte* Scanner::StringQuote(const Byte* p) {
  if (*p == '\'') {
    mode_ = Mode::kString;
    return p + 1;
  }
  EndString();
  mode_ = Mode::kBetween;
  return p;
}

void Scanner::EndString() {
  builder_.StringLiteral(string_);
  newline_ = false;
}

void Scanner::BeginNumber(bool dot) {
  mode_ = Mode::kNumber;
  buffered_ = 0;
  dotted_ = dot;
  decimal_ = true;
  first_ = 0;
}

/// Words that follow a number without a space are swallowed with it: PostgreSQL refuses them.
const Scanner::Byte* Scanner::Number(const Byte* p, const Byte* end) {
  for (; p != end; ++p) {
    const Byte c = *p;
    const bool exponent = decimal_ && (first_ == 'e' || first_ == 'E');
    if (IsDigit(c)) {
      if (buffered_ <= kSmallDigits) buffer_[buffered_++] = static_cast<char>(c);
    } else if (c == '.' && !dotted_) {
      dotted_ = true;
    } else if ((c == '+' || c == '-') && exponent) {
      decimal_ = false;
    } else if (kWordFold[c] != 0 && c != '$') {
      if (exponent || (c != '_' && c != 'e' && c != 'E')) decimal_ = false;
      buffered_ = kSmallDigits + 1;
    } else {
      EndNumber();
      mode_ = Mode::kBetween;
      return p;
    }
    first_ = c;
  }
  return p;
}

void Scanner::EndNumber() {
  const bool small = !dotted_ && buffered_ <= kSmallDigits;
  builder_.Number(small ? std::string_view(buffer_.data(), buffered_) : std::string_view());
}

const Scanner::Byte* Scanner::Dollar(const Byte* p) {
  buffered_ = matched_ = 0;
  long_tag_ = false;
  if (IsDigit(*p)) {
    mode_ = Mode::kParameter;
  } else if (IsWordStart(*p)) {
    mode_ = Mode::kDollarTag;
  } else if (*p == '$') {
    mode_ = Mode::kDollarBody;
    return p + 1;
  } else {
    EndLiteral();
  }
  return p;
}

const Scanner::Byte* Scanner::Parameter(const Byte* p, const Byte* end) {
  while (p != end && kWordFold[*p] != 0 && *p != '$') ++p;
  if (p != end) EndLiteral();
  return p;
}

const Scanner::Byte* Scanner::DollarTag(const Byte* p, const Byte* end) {
  for (; p != end; ++p) {
    if (*p == '$') {
      mode_ = Mode::kDollarBody;
      return p + 1;
    }
    if (kWordFold[*p] == 0) {
      EndLiteral();  // No quote after all, which is an error. Nothing of it may be shown.
      return p;
    }
    long_tag_ = long_tag_ || buffered_ == kBufferBytes;
    if (!long_tag_) buffer_[buffered_++] = static_cast<char>(*p);
  }
  return p;
}

const Scanner::Byte* Scanner::DollarBody(const Byte* p, const Byte* end) {
  if (long_tag_) return end;
  while (p != end) {
    const Byte c = *p++;
    if (c == '$') {
      if (matched_ == buffered_ + 1) {
        EndLiteral();
        return p;
      }
      matched_ = 1;
    } else if (matched_ > 0) {
      const std::size_t next = matched_ - 1U;
      const bool matches = next < buffered_ && static_cast<Byte>(buffer_[next]) == c;
      matched_ = matches ? static_cast<Byte>(matched_ + 1) : Byte{0};
    }
  }
  return p;
}

void Scanner::EndLiteral() {
  builder_.Literal();
  mode_ = Mode::kBetween;
}

const Scanner::Byte* Scanner::Dot(const Byte* p) {
  if (IsDigit(*p)) {
    BeginNumber(/*dot=*/true);
    return p;
  }
  builder_.Dot();
  mode_ = Mode::kBetween;
  return p;
}

const Scanner::Byte* Scanner::Colon(const Byte* p) {
  mode_ = Mode::kBetween;
  if (*p == ':') {
    builder_.Cast();
    return p + 1;
  }
  if (*p == '=') {
    builder_.Operator(":=");
    return p + 1;
  }
  builder_.Operator(":");
  return p;
}

const Scanner::Byte* Scanner::Operator(const Byte* p, const Byte* end) {
  for (; p != end; ++p) {
    if (kCharClass[*p] != CharClass::kOperator) {
      EndOperator();
      mode_ = Mode::kBetween;
      return p;
    }
    const char c = static_cast<char>(*p);
    const char last = buffered_ > 0 ? buffer_[buffered_ - 1U] : '\0';
    if ((last == '-' && c == '-') || (last == '/' && c == '*')) {
      --buffered_;
      EndOperator();
      BeginComment(c == '-' ? Mode::kLineComment : Mode::kBlockComment);
      return p + 1;
    }
    if (buffered_ == kBufferBytes) EndOperator();
    buffer_[buffered_++] = c;
  }
  return p;
}

/// The run of operator characters is one operator, but for signs at its end that stand alone.
void Scanner::EndOperator() {
  std::string_view run(buffer_.data(), buffered_);
  buffered_ = 0;
  if (run.empty()) return;
  std::size_t length = run.size();
  if (!AllowsTrailingSign(run)) {
    while (length > 1 && (run[length - 1] == '+' || run[length - 1] == '-')) --length;
  }
  builder_.Operator(run.substr(0, length));
  for (; length < run.size(); ++length) builder_.Operator(run.substr(length, 1));
}

void Scanner::BeginComment(Mode mode) {
  mode_ = mode;
  nesting_ = 1;
  first_ = 0;
  if (outputs_.comments != nullptr) outputs_.comments->Begin();
}

const Scanner::Byte* Scanner::LineComment(const Byte* p, const Byte* end) {
  const Byte* const begin = p;
  while (p != end && *p != '\n' && *p != '\r') ++p;
  if (outputs_.comments != nullptr) outputs_.comments->Add(View(begin, p));
  if (p == end) return p;
  if (outputs_.comments != nullptr) outputs_.comments->End(0);
  mode_ = Mode::kBetween;
  return p;
}

const Scanner::Byte* Scanner::BlockComment(const Byte* p, const Byte* end) {
  const Byte* const begin = p;
  while (p != end && nesting_ > 0) {
    const Byte c = *p++;
    const bool closes = first_ == '*' && c == '/';
    const bool opens = first_ == '/' && c == '*';
    if (closes) --nesting_;
    if (opens) ++nesting_;
    first_ = closes || opens ? Byte{0} : c;
  }
  if (outputs_.comments != nullptr) outputs_.comments->Add(View(begin, p));
  if (nesting_ > 0) return p;
  if (outputs_.comments != nullptr) outputs_.comments->End(2);
  mode_ = Mode::kBetween;
  return p;
}

}  // namespace pgsidecar::sql
