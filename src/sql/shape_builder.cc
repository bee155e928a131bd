#include "sql/shape_builder.h"

namespace pgsidecar::sql {
namespace {

constexpr std::uint64_t kStatementSeed = 0x51a7'0000 + kScannerVersion;
constexpr std::uint64_t kElementSeed = 0xe1e3'0001;
constexpr std::uint64_t kTagSeed = 0x7a60'0001;
constexpr std::uint64_t kLiteralToken = 0x117e'0001;
constexpr std::uint64_t kDotToken = 0xd070'0001;
constexpr std::uint64_t kCastToken = 0xca57'0001;
constexpr std::uint64_t kCommaToken = 0xc033'0001;
constexpr std::uint64_t kBracketToken = 0xb7ac'0000;
constexpr std::uint64_t kSemicolonToken = 0x5e31'0001;
constexpr std::uint64_t kOperatorSeed = 0x09e7'0001;
constexpr std::uint64_t kDigitsSeed = 0xd161'0001;
constexpr std::uint64_t kTruncated = 1U << 16U;
constexpr std::uint32_t kDepthMax = 0xffff;

}  // namespace

void ShapeBuilder::Start(CanonicalText* text) {
  text_ = text;
  if (text_ != nullptr) text_->Clear();
  hash_ = kStatementSeed;
  depth_ = type_depth_ = with_depth_ = body_depth_ = 0;
  phase_ = Phase::kFirst;
  waiting_ = lists_ = 0;
  and_chain_ = false;
  verb_ = main_verb_ = object_ = WordId::kNone;
  Become(Previous::kStart);
}

bool ShapeBuilder::AfterOperand() const {
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

void ShapeBuilder::Space() {
  switch (previous_) {
    case Previous::kStart:
    case Previous::kOpen:
    case Previous::kDot:
    case Previous::kCast:
      return;
    default:
      text_->Append(' ');
  }
}

void ShapeBuilder::SettleWaiting(bool cast, bool comma) {
  const std::uint8_t waiting = waiting_;
  waiting_ = 0;
  if ((waiting & kMinus) != 0) PushOperator("-");
  if ((waiting & kNegative) != 0) {
    // `-5::int` is `-(5::int)`: there the sign is an operator after all.
    if (cast) PushOperator("-");
    PushLiteral();
  }
  if ((waiting & kRowEnd) != 0 && !comma) CloseList();
}

void ShapeBuilder::BeginWord() {
  Settle();
  if (text_ == nullptr) return;
  word_start_ = text_->length();
  Space();
}

void ShapeBuilder::EndWord(std::uint64_t hash) {
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

void ShapeBuilder::BeginQuoted(bool unicode) {
  Settle();
  if (text_ == nullptr) return;
  Space();
  text_->Append(unicode ? "U&\"" : "\"");
}

void ShapeBuilder::EndQuoted(std::uint64_t hash) {
  if (text_ != nullptr) text_->Append('"');
  Token(hash);
  Become(Previous::kWord);
}

void ShapeBuilder::PushLiteral() {
  if (text_ != nullptr) {
    Space();
    text_->AppendParameter();
  }
  Token(kLiteralToken);
  Become(Previous::kLiteral);
}

void ShapeBuilder::StringLiteral(String kind) {
  if (kind != String::kPlain || !after_string_) {
    Settle();
    PushLiteral();
  }
  after_string_ = true;
  after_unicode_ = kind == String::kUnicode;
}

void ShapeBuilder::Literal() {
  Settle();
  PushLiteral();
}

void ShapeBuilder::Number(std::string_view small) {
  if ((waiting_ & kMinus) != 0) {
    waiting_ = kNegative;
    return;
  }
  Settle();
  if (small.empty() || type_depth_ == 0 || type_depth_ != depth_) return PushLiteral();
  if (text_ != nullptr) {
    Space();
    text_->Append(small);
  }
  Token(HashOf(small, kDigitsSeed));
  Become(Previous::kLiteral);
}

void ShapeBuilder::PushOperator(std::string_view op) {
  if (text_ != nullptr) {
    Space();
    text_->Append(op);
  }
  Token(HashOf(op, kOperatorSeed));
  Become(Previous::kOperator);
}

void ShapeBuilder::Operator(std::string_view op) {
  Settle();
  if (op == "-" && !AfterOperand()) {
    waiting_ = kMinus;
    return;
  }
  PushOperator(op);
}

void ShapeBuilder::Dot() {
  Settle();
  if (text_ != nullptr) text_->Append('.');
  Token(kDotToken);
  Become(Previous::kDot);
}

void ShapeBuilder::Cast() {
  Settle(/*cast=*/true);
  if (text_ != nullptr) text_->Append(previous_ == Previous::kOperator ? " ::" : "::");
  Token(kCastToken);
  Become(Previous::kCast);
}

bool ShapeBuilder::SpaceBeforeOpen(char bracket) const {
  if (bracket == '(') return previous_ != Previous::kWord && !word_.Is(WordInfo::kType);
  return word_.id != WordId::kArray && !AfterOperand();
}

void ShapeBuilder::Open(char bracket) {
  Settle();
  const WordInfo word = word_;
  const bool element_of_array = bracket == '[' && AtListDepth() && hash_ == kElementSeed &&
                                (InList(List::kArray) || InList(List::kArrayOfArrays));
  const bool rows = bracket == '(' && word.id == WordId::kValues;
  if (rows) OpenList(List::kRows);
  if (text_ != nullptr) {
    if (SpaceBeforeOpen(bracket)) Space();
    text_->Append(bracket);
  }
  Token(kBracketToken + static_cast<std::uint8_t>(bracket));
  ++depth_;
  Become(Previous::kOpen);
  if (bracket == '(') {
    if (word.id == WordId::kIn) OpenList(List::kIn);
    if (word.Is(WordInfo::kType)) type_depth_ = depth_;
  } else if (word.id == WordId::kArray) {
    OpenList(List::kArray);
  } else if (element_of_array) {
    // libpg_query keeps the elements of a nested array apart; so does the list of them.
    kinds_[lists_ - 1] = List::kArrayOfArrays;
    OpenList(List::kArray);
  }
}

void ShapeBuilder::Close(char bracket) {
  Settle();
  while (AtListDepth()) {
    const bool rows = InList(List::kRows);
    CloseList();
    if (!rows) break;
  }
  if (text_ != nullptr) text_->Append(bracket);
  Token(kBracketToken + static_cast<std::uint8_t>(bracket));
  if (type_depth_ == depth_) type_depth_ = 0;
  if (depth_ > 0) --depth_;
  Become(Previous::kClose);
  if (InList(List::kRows) && AtListDepth()) waiting_ = kRowEnd;
}

void ShapeBuilder::Comma() {
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

bool ShapeBuilder::Semicolon() {
  if (depth_ == 0 && body_depth_ == 0) return true;
  Settle();
  if (text_ != nullptr) text_->Append(';');
  Token(kSemicolonToken);
  Become(Previous::kComma);
  return false;
}

void ShapeBuilder::OpenList(List list) {
  if (lists_ == kListsMax || depth_ > kDepthMax) return;
  outer_[lists_] = hash_;
  former_[lists_] = 0;
  depths_[lists_] = static_cast<std::uint16_t>(depth_);
  kinds_[lists_] = list;
  if (text_ != nullptr) text_->Mark(lists_);
  ++lists_;
  hash_ = kElementSeed;
}

void ShapeBuilder::EndElement() {
  const std::size_t list = lists_ - 1U;
  if (hash_ == former_[list] && kinds_[list] != List::kArrayOfArrays) {
    if (text_ != nullptr) text_->CutToMark(list);
  } else {
    former_[list] = hash_;
    outer_[list] = Mix(outer_[list], hash_);
  }
  hash_ = kElementSeed;
}

void ShapeBuilder::CloseList() {
  EndElement();
  --lists_;
  hash_ = outer_[lists_];
}

/// `IN (SELECT …` is no list: the commas in it separate columns.
void ShapeBuilder::CancelSubquery(WordInfo word) {
  const bool query = word.id == WordId::kSelect || word.id == WordId::kWith ||
                     word.id == WordId::kValues || word.id == WordId::kTable;
  if (!query || !InList(List::kIn) || former_[lists_ - 1] != 0) return;
  --lists_;
  hash_ = outer_[lists_];
}

bool ShapeBuilder::Finish(bool truncated, StatementShape* shape) {
  Settle();
  while (lists_ > 0) CloseList();
  if (previous_ == Previous::kStart) return false;
  const VerbInfo& verb = FindVerb(verb_);
  const bool prepares = verb_ == WordId::kPrepare && object_ == WordId::kTransaction;
  *shape = {.hash = hash_,
            .verb = verb_,
            .object = object_,
            .command = verb.command,
            .data = verb.data,
            .control = verb.control || prepares,
            .and_chain = and_chain_};
  if (verb_ == WordId::kWith) shape->command = FindVerb(main_verb_).command;
  if (prepares) shape->command = metrics::Command::kTransaction;
  if (verb.data) {
    if (truncated) shape->hash = Mix(hash_, kTruncated);
  } else {
    shape->hash = Mix(Mix(kTagSeed, static_cast<std::uint64_t>(verb_)),
                      static_cast<std::uint64_t>(object_) << 1U | (and_chain_ ? 1U : 0U));
  }
  return true;
}

}  // namespace pgsidecar::sql
