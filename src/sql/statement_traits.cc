#include "sql/statement_traits.h"

#include <pg_query.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "sql/large_stack.h"
#include "sql/traits_reader.h"

namespace pgsidecar::sql {
namespace {

constexpr std::size_t kDateBytesMax = 128;  // MAXDATELEN of PostgreSQL.

constexpr std::array<std::string_view, 4> kMoments = {"now", "today", "yesterday", "tomorrow"};

constexpr std::array<std::string_view, 11> kRegTypes = {
    "regclass",    "regcollation", "regconfig",    "regdictionary", "regnamespace", "regoper",
    "regoperator", "regproc",      "regprocedure", "regrole",       "regtype"};

/// Keywords that quote_ident() quotes: all but the unreserved ones, of PostgreSQL 12 to 17.
const std::set<std::string_view>& QuotedKeywords() {
  static const std::set<std::string_view> kWords = {
#include "sql/quoted_keywords.inc"
  };
  return kWords;
}

bool IsLetter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return lower;
}

}  // namespace

bool SpellsMoment(std::string_view text) {
  if (text.size() > kDateBytesMax) return false;
  const std::string lower = Lower(text);
  for (std::size_t begin = 0; begin < lower.size();) {
    if (!IsLetter(lower[begin])) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < lower.size() && IsLetter(lower[end])) ++end;
    const std::string_view word = std::string_view(lower).substr(begin, end - begin);
    if (std::find(kMoments.begin(), kMoments.end(), word) != kMoments.end()) return true;
    begin = end;
  }
  return false;
}

bool IsRegType(std::string_view type) {
  return std::find(kRegTypes.begin(), kRegTypes.end(), type) != kRegTypes.end();
}

std::string QuoteIdentifier(std::string_view name) {
  const auto is_plain = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  const bool starts_well = !name.empty() && !(name.front() >= '0' && name.front() <= '9');
  if (starts_well && std::all_of(name.begin(), name.end(), is_plain) &&
      !QuotedKeywords().contains(name)) {
    return std::string(name);
  }
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::optional<StatementTraits> ReadTraits(const std::string& text) {
  std::optional<StatementTraits> traits;
  PgQueryParseResult result = pg_query_parse(text.c_str());
  if (result.error == nullptr) {
    const auto tree = nlohmann::json::parse(result.parse_tree, nullptr, false);
    if (!tree.is_discarded()) traits = TraitsReader().Read(tree);
  }
  pg_query_free_parse_result(result);
  return traits;
}

std::optional<StatementTraits> ReadTraitsElsewhere(const std::string& text) {
  if (text.size() > kTraitsTextMax) return std::nullopt;
  std::optional<StatementTraits> traits;
  const Status ran = RunOnLargeStack([&] { traits = ReadTraits(text); });
  return ran.ok() ? traits : std::nullopt;
}

}  // namespace pgsidecar::sql
