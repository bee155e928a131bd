#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sql/canonical_text.h"
#include "sql/words.h"

namespace pgsidecar::sql {

/// Part of every identity that is not a libpg_query fingerprint. Raise it with any change of the
/// rules: shapes of different versions must not be taken for each other.
constexpr std::uint64_t kScannerVersion = 1;

/// What a statement is, without its literals.
struct StatementShape {
  std::uint64_t hash = 0;
  WordId verb = WordId::kNone;
  WordId object = WordId::kNone;  ///< Completes the tag of CREATE, ALTER, DROP and a few others.
  metrics::Command command = metrics::Command::kUnknown;
  bool data = false;  ///< Has a canonical text of its own; others are known by their tag.
  bool control = false;
  bool and_chain = false;
};

/// From tokens to a shape, and to canonical text if asked for. Folds lists, joins signs to numbers,
/// decides where statements end. Fixed size, no allocation, no recursion.
class ShapeBuilder {
 public:
  /// `text`: where to print, or null.
  void Start(CanonicalText* text);

  // A word comes in pieces; between Begin and End nothing else is called.
  void BeginWord();
  void WordPiece(std::string_view piece) {
    if (text_ != nullptr) text_->AppendFolded(piece);
  }
  void EndWord(std::uint64_t hash);
  /// The word was the prefix of a literal or of a quoted identifier.
  void DropWord() {
    if (text_ != nullptr) text_->CutTo(word_start_);
  }

  void BeginQuoted(bool unicode);
  void QuotedPiece(std::string_view piece) {
    if (text_ != nullptr) text_->Append(piece);
  }
  void EndQuoted(std::uint64_t hash);

  enum class String : std::uint8_t { kPlain, kPrefixed, kUnicode };
  void StringLiteral(String kind);
  /// `small`: the digits of an integer of at most four digits, else empty.
  void Number(std::string_view small);
  /// `$1`, dollar-quoted strings and whatever else begins with a dollar sign.
  void Literal();

  void Operator(std::string_view op);
  void Dot();
  void Cast();
  void Open(char bracket);
  void Close(char bracket);
  void Comma();
  /// Returns whether the statement ends here.
  bool Semicolon();

  /// Whether the last token was a string, which the next string would continue.
  bool after_string() const { return after_string_; }
  /// Closes what is open. Returns false if there was no token at all.
  bool Finish(bool truncated, StatementShape* shape);

 private:
  enum class Previous : std::uint8_t {
    kStart,
    kKeyword,
    kWord,
    kLiteral,
    kOpen,
    kClose,
    kComma,
    kDot,
    kCast,
    kOperator,
  };
  /// Which words still matter to the classification of this statement.
  enum class Phase : std::uint8_t {
    kFirst,
    kObject,    ///< CREATE, ALTER, DROP: the object. PREPARE: TRANSACTION.
    kMainVerb,  ///< WITH.
    kChain,     ///< COMMIT, ROLLBACK: PREPARED, AND CHAIN.
    kBody,      ///< CREATE FUNCTION: BEGIN ATOMIC … END.
    kDone,
  };
  enum class List : std::uint8_t { kIn, kArray, kArrayOfArrays, kRows };
  /// What waits for the next token.
  enum Waiting : std::uint8_t { kMinus = 1, kNegative = 2, kRowEnd = 4 };

  void Token(std::uint64_t value) { hash_ = Mix(hash_, value); }
  void Become(Previous previous, WordInfo word = {}) {
    previous_ = previous;
    word_ = word;
    after_string_ = after_unicode_ = false;
  }
  bool AfterOperand() const;
  bool SpaceBeforeOpen(char bracket) const;
  void Space();
  void Settle(bool cast = false, bool comma = false) {
    if (waiting_ != 0) SettleWaiting(cast, comma);
  }
  void SettleWaiting(bool cast, bool comma);
  void PushOperator(std::string_view op);
  void PushLiteral();
  void Classify(WordInfo word);
  void ClassifyFirst(WordInfo word);
  void ClassifyObject(WordInfo word);

  bool InList(List list) const { return lists_ > 0 && kinds_[lists_ - 1] == list; }
  bool AtListDepth() const { return lists_ > 0 && depths_[lists_ - 1] == depth_; }
  void OpenList(List list);
  void EndElement();
  void CloseList();
  void CancelSubquery(WordInfo word);

  CanonicalText* text_ = nullptr;
  std::uint64_t hash_ = 0;
  std::uint32_t depth_ = 0;
  std::uint32_t type_depth_ = 0;  ///< Depth inside the modifier of a type; 0: not inside one.
  std::uint32_t with_depth_ = 0;
  std::uint32_t body_depth_ = 0;  ///< BEGIN ATOMIC and CASE that are open.
  std::size_t word_start_ = 0;
  Previous previous_ = Previous::kStart;
  Phase phase_ = Phase::kFirst;
  WordInfo word_;  ///< The last token, if it was an unquoted word.
  std::uint8_t waiting_ = 0;
  std::uint8_t lists_ = 0;
  bool after_string_ = false;
  bool after_unicode_ = false;
  bool and_chain_ = false;
  WordId verb_ = WordId::kNone;
  WordId main_verb_ = WordId::kNone;
  WordId object_ = WordId::kNone;
  // The open lists: hash of what stands before the current element, of the element before it, and
  // the depth of brackets at which its commas stand.
  std::array<std::uint64_t, kListsMax> outer_;
  std::array<std::uint64_t, kListsMax> former_;
  std::array<std::uint16_t, kListsMax> depths_;
  std::array<List, kListsMax> kinds_;
};

}  // namespace pgsidecar::sql
