#pragma once

#include "sql/shape_builder.h"

namespace pgsidecar::sql {

// What the scanner calls for every token: inlined into it, since a token costs less than a call.

inline constexpr std::uint64_t kStatementSeed = 0x51a7'0000 + kScannerVersion;
inline constexpr std::uint64_t kElementSeed = 0xe1e3'0001;
inline constexpr std::uint64_t kTagSeed = 0x7a60'0001;
inline constexpr std::uint64_t kLiteralToken = 0x117e'0001;
inline constexpr std::uint64_t kDotToken = 0xd070'0001;
inline constexpr std::uint64_t kCastToken = 0xca57'0001;
inline constexpr std::uint64_t kCommaToken = 0xc033'0001;
inline constexpr std::uint64_t kBracketToken = 0xb7ac'0000;
inline constexpr std::uint64_t kSemicolonToken = 0x5e31'0001;
inline constexpr std::uint64_t kOperatorSeed = 0x09e7'0001;
inline constexpr std::uint64_t kDigitsSeed = 0xd161'0001;
inline constexpr std::uint64_t kTruncated = 1U << 16U;
inline constexpr std::uint32_t kDepthMax = 0xffff;

inline bool ShapeBuilder::AfterOperand() const {
  switch (previous_) {
    case Previous::kWord:
    case Previous::kLiteral:
    case Previous::kClose:
      return true;
    case Previous::kKeyword:
      return !word_.Is(WordInfo::kPrefix);
    default:
      return false;
  }
}

inline void ShapeBuilder::BeginWord() {
  Settle();
  if (text_ == nullptr) return;
  word_start_ = text_->length();
  Space();
}

inline void ShapeBuilder::EndWord(std::uint64_t hash) {
  // Behind a dot every word is a name.
  const WordInfo word = previous_ == Previous::kDot ? WordInfo{} : FindWord(hash);
  if (word.id == WordId::kUescape && after_unicode_) {
    DropWord();  // Its string continues the literal.
    after_string_ = true;
    return;
  }
  if (lists_ > 0 && hash_ == kElementSeed) CancelSubquery(word);
  if (phase_ != Phase::kDone) Classify(word);
  Token(hash);
  const bool upper = word.Is(WordInfo::kUpper);
  if (upper && text_ != nullptr) text_->RaiseFrom(word_start_);
  Become(upper ? Previous::kKeyword : Previous::kWord, word);
}

inline void ShapeBuilder::PushLiteral() {
  if (text_ != nullptr) {
    Space();
    text_->AppendParameter();
  }
  Token(kLiteralToken);
  Become(Previous::kLiteral);
}

inline void ShapeBuilder::StringLiteral(String kind) {
  if (kind != String::kPlain || !after_string_) {
    Settle();
    PushLiteral();
  }
  after_string_ = true;
  after_unicode_ = kind == String::kUnicode;
}

inline void ShapeBuilder::Literal() {
  Settle();
  PushLiteral();
}

inline void ShapeBuilder::Number(std::string_view small) {
  if ((waiting_ & kMinus) != 0) {
    waiting_ = kNegative;
    return;
  }
  Settle();
  if (small.empty() || type_depth_ == 0 || type_depth_ != depth_) return PushLiteral();
  if (text_ != nullptr) {
    if (previous_ == Previous::kDot) text_->Append(' ');  // `.1` would be one number.
    Space();
    text_->Append(small);
  }
  Token(HashOf(small, kDigitsSeed));
  Become(Previous::kLiteral);
}

inline void ShapeBuilder::PushOperator(std::string_view op) {
  if (text_ != nullptr) {
    Space();
    text_->Append(op);
  }
  Token(HashOf(op, kOperatorSeed));
  Become(Previous::kOperator);
}

inline void ShapeBuilder::Operator(std::string_view op) {
  Settle();
  if (op == "-" && !AfterOperand()) {
    waiting_ = kMinus;
    return;
  }
  PushOperator(op);
}

inline void ShapeBuilder::Dot() {
  Settle();
  if (text_ != nullptr) {
    const bool digits = previous_ == Previous::kLiteral && type_depth_ > 0 && type_depth_ == depth_;
    text_->Append(digits ? " ." : ".");  // `1.` would be one number.
  }
  Token(kDotToken);
  Become(Previous::kDot);
}

inline void ShapeBuilder::Cast() {
  Settle(/*cast=*/true);
  if (text_ != nullptr) text_->Append(previous_ == Previous::kOperator ? " ::" : "::");
  Token(kCastToken);
  Become(Previous::kCast);
}

inline void ShapeBuilder::Comma() {
  Settle(/*cast=*/false, /*comma=*/true);
  if (AtListDepth()) {
    EndElement();
    if (text_ != nullptr) text_->Mark(lists_ - 1U);
  } else {
    Token(kCommaToken);
  }
  if (text_ != nullptr) text_->Append(',');
  Become(Previous::kComma);
}

inline bool ShapeBuilder::Semicolon() {
  if (depth_ == 0 && body_depth_ == 0) return true;
  Settle();
  if (text_ != nullptr) text_->Append(';');
  Token(kSemicolonToken);
  Become(Previous::kComma);
  return false;
}

inline void ShapeBuilder::BeginQuoted(bool unicode) {
  Settle();
  if (text_ == nullptr) return;
  Space();
  text_->Append(unicode ? "U&\"" : "\"");
}

inline void ShapeBuilder::EndQuoted(std::uint64_t hash) {
  if (text_ != nullptr) text_->Append('"');
  Token(hash);
  Become(Previous::kWord);
}

}  // namespace pgsidecar::sql
