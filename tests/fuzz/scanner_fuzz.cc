// The SQL scanner in both string modes and at random splits: the pieces must read like the whole,
// and the canonical text like the text it was printed from.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/scanner.h"

namespace {

using pgsidecar::sql::CanonicalText;
using pgsidecar::sql::CommentCapture;
using pgsidecar::sql::Scanner;

struct Statement {
  std::uint64_t hash = 0;
  bool data = false;
  bool too_long = false;
  std::string canonical;
  std::vector<std::string> comments;

  bool operator==(const Statement&) const = default;
};

class Reader {
 public:
  std::vector<Statement> Read(const std::vector<std::string_view>& pieces, bool conforming) {
    statements_.clear();
    scanner_.Start(conforming, {.text = text_.get(), .comments = comments_.get()});
    for (const std::string_view piece : pieces) {
      std::string_view rest = scanner_.Admit(piece);
      while (scanner_.Run(&rest)) {
        Keep();
        scanner_.Next();
      }
    }
    if (scanner_.Finish()) Keep();
    return statements_;
  }

 private:
  void Keep() {
    Statement statement{scanner_.shape().hash,
                        scanner_.shape().data,
                        text_->too_long(),
                        std::string(text_->view()),
                        {}};
    for (std::size_t i = 0; i < comments_->size(); ++i) {
      statement.comments.emplace_back((*comments_)[i]);
    }
    statements_.push_back(std::move(statement));
  }

  std::unique_ptr<CanonicalText> text_ = std::make_unique<CanonicalText>();
  std::unique_ptr<CommentCapture> comments_ = std::make_unique<CommentCapture>();
  Scanner scanner_;
  std::vector<Statement> statements_;
};

void Expect(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

/// Cuts by the numbers of `seed`.
std::vector<std::string_view> Cut(std::string_view text, std::uint8_t seed) {
  std::vector<std::string_view> pieces;
  std::uint32_t state = seed;
  while (!text.empty()) {
    state = state * 1103515245U + 12345U;
    const std::size_t length = 1 + ((state >> 16U) & (seed & 1U ? 3U : 31U));
    pieces.push_back(text.substr(0, length));
    text.remove_prefix(pieces.back().size());
  }
  return pieces;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Reader reader;
  for (const bool conforming : {true, false}) {
    const std::vector<Statement> whole = reader.Read({text}, conforming);
    Expect(reader.Read(Cut(text, data[0]), conforming) == whole, "pieces differ", text);
    for (const Statement& statement : whole) {
      if (!statement.data || statement.too_long) continue;
      const std::vector<Statement> again = reader.Read({statement.canonical}, conforming);
      Expect(again.size() == 1 && again[0].hash == statement.hash,
             "shape of canonical text differs", statement.canonical);
      Expect(again[0].canonical == statement.canonical, "canonical text differs",
             statement.canonical);
    }
  }
  return 0;
}
