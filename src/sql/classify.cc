#include "sql/shape_builder.h"

namespace pgsidecar::sql {

// Which command a statement is, from its words. The rest of ShapeBuilder.

void ShapeBuilder::Classify(WordInfo word) {
  switch (phase_) {
    case Phase::kFirst:
      return ClassifyFirst(word);
    case Phase::kObject:
      return ClassifyObject(word);
    case Phase::kMainVerb: {
      const bool names_query = word_.id == WordId::kWith || word_.id == WordId::kRecursive ||
                               previous_ == Previous::kComma;
      if (depth_ != with_depth_ || names_query || !FindVerb(word.id).data) return;
      main_verb_ = word.id;
      phase_ = Phase::kDone;
      return;
    }
    case Phase::kChain:
      if (word_.id == verb_ && word.id == WordId::kPrepared) object_ = word.id;
      if (word.id == WordId::kChain && word_.id == WordId::kAnd) and_chain_ = true;
      return;
    case Phase::kBody:
      if (word.id == WordId::kAtomic && word_.id == WordId::kBegin) body_depth_ = 1;
      if (body_depth_ > 0 && word.id == WordId::kCase) ++body_depth_;
      if (body_depth_ > 0 && word.id == WordId::kEnd) --body_depth_;
      return;
    case Phase::kDone:
      return;
  }
}

void ShapeBuilder::ClassifyFirst(WordInfo word) {
  verb_ = word.Is(WordInfo::kVerb) ? word.id : WordId::kNone;
  switch (verb_) {
    case WordId::kCreate:
    case WordId::kAlter:
    case WordId::kDrop:
    case WordId::kPrepare:
      phase_ = Phase::kObject;
      return;
    case WordId::kWith:
      phase_ = Phase::kMainVerb;
      with_depth_ = depth_;
      return;
    case WordId::kCommit:
    case WordId::kRollback:
    case WordId::kEnd:
    case WordId::kAbort:
      phase_ = Phase::kChain;
      return;
    default:
      phase_ = Phase::kDone;
  }
}

void ShapeBuilder::ClassifyObject(WordInfo word) {
  const bool wrapper = object_ == WordId::kForeign && word.id == WordId::kData;
  const bool mapping = object_ == WordId::kUser && word.id == WordId::kMapping;
  if (verb_ == WordId::kPrepare) {
    if (word.id == WordId::kTransaction) object_ = word.id;
  } else if (object_ == WordId::kNone) {
    if (word.Is(WordInfo::kSkip)) return;
    if (word.Is(WordInfo::kObject)) object_ = word.id;
    if (object_ == WordId::kForeign || object_ == WordId::kUser) return;
  } else if (wrapper || mapping) {
    object_ = word.id;
  }
  const bool routine = object_ == WordId::kFunction || object_ == WordId::kProcedure;
  phase_ = routine && verb_ == WordId::kCreate ? Phase::kBody : Phase::kDone;
}

}  // namespace pgsidecar::sql
