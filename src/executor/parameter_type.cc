#include <algorithm>
#include <array>

#include "executor/operation_set.h"

namespace pgsidecar::executor {
namespace {

constexpr std::array<std::string_view, 12> kWords = {"int2",        "int4", "int8", "float8",
                                                     "numeric",     "text", "bool", "uuid",
                                                     "timestamptz", "date", "json", "bytea"};

}  // namespace

std::string TypeWord(ParameterType type, bool array) {
  return std::string(kWords[static_cast<std::size_t>(type)]) + (array ? "[]" : "");
}

Result<ParameterSpec> ParseParameterType(std::string_view word) {
  ParameterSpec spec;
  std::string_view name = word;
  if (name.ends_with("[]")) {
    spec.array = true;
    name.remove_suffix(2);
  }
  const auto* const found = std::find(kWords.begin(), kWords.end(), name);
  if (found != kWords.end()) {
    spec.type = static_cast<ParameterType>(found - kWords.begin());
    return spec;
  }
  std::string allowed;
  for (const std::string_view each : kWords)
    allowed.append(allowed.empty() ? "" : ", ").append(each);
  return Error{"'" + std::string(word) + "' is no type; allowed: " + allowed +
               ", and each with [] behind"};
}

}  // namespace pgsidecar::executor
