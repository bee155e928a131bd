#include "config/suggest.h"

#include <algorithm>

namespace pgsidecar::config {
namespace {

/// Insertions, deletions and replacements between the two (Levenshtein).
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

std::string_view LastPart(std::string_view key) { return key.substr(key.rfind('.') + 1); }

}  // namespace

std::string Suggest(std::string_view unknown, const std::vector<std::string>& known) {
  constexpr std::size_t kLongestGuess = 64;
  constexpr std::size_t kEditsMax = 3;
  if (unknown.size() > kLongestGuess) return {};
  const std::string* nearest = nullptr;
  std::size_t least = kEditsMax + 1;
  for (const std::string& name : known) {
    const bool same_end = LastPart(name) == LastPart(unknown);
    const std::size_t distance = same_end ? 1 : EditDistance(unknown, name);
    if (distance >= least) continue;
    least = distance;
    nearest = &name;
  }
  return nearest == nullptr ? "" : " (did you mean " + *nearest + "?)";
}

}  // namespace pgsidecar::config
