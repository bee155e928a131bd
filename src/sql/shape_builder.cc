#include "sql/shape_tokens.h"

namespace pgsidecar::sql {

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
