#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/scanner.h"

namespace pgsidecar::sql {

/// One statement as the scanner sees it.
struct Scanned {
  StatementShape shape;
  std::string canonical;
  bool too_long = false;
  std::vector<std::string> comments;
};

inline Scanned Take(const Scanner& scanner, const CanonicalText& text,
                    const CommentCapture& comments) {
  Scanned scanned{scanner.shape(), std::string(text.view()), text.too_long(), {}};
  for (std::size_t i = 0; i < comments.size(); ++i) scanned.comments.emplace_back(comments[i]);
  return scanned;
}

/// Scans a text that arrives in these pieces.
inline std::vector<Scanned> ScanPieces(const std::vector<std::string_view>& pieces,
                                       bool standard_conforming_strings = true) {
  const auto text = std::make_unique<CanonicalText>();
  const auto comments = std::make_unique<CommentCapture>();
  std::vector<Scanned> statements;
  Scanner scanner;
  scanner.Start(standard_conforming_strings, {.text = text.get(), .comments = comments.get()});
  for (const std::string_view piece : pieces) {
    std::string_view rest = scanner.Admit(piece);
    while (scanner.Run(&rest)) {
      statements.push_back(Take(scanner, *text, *comments));
      scanner.Next();
    }
  }
  if (scanner.Finish()) statements.push_back(Take(scanner, *text, *comments));
  return statements;
}

inline std::vector<Scanned> ScanAll(std::string_view text,
                                    bool standard_conforming_strings = true) {
  return ScanPieces({text}, standard_conforming_strings);
}

/// The first statement of `text`; one without tokens if there is none.
inline Scanned ScanOne(std::string_view text, bool standard_conforming_strings = true) {
  const std::vector<Scanned> statements = ScanAll(text, standard_conforming_strings);
  return statements.empty() ? Scanned{} : statements.front();
}

inline std::string Canonical1(std::string_view text) { return ScanOne(text).canonical; }
inline std::uint64_t Shape1(std::string_view text) { return ScanOne(text).shape.hash; }

}  // namespace pgsidecar::sql
