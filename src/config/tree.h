#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pgsidecar::config {

/// A value of YAML with values inside, and the lines they stand on.
struct Tree {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  std::string text{};        ///< Of a scalar.
  std::vector<Tree> list{};  ///< Of a list.
  std::vector<std::pair<std::string, Tree>> map{};
  int line = 0;  ///< Counted from 1.
};

/// Levels of lists and maps that a tree can have.
constexpr int kTreeLevelsMax = 8;

/// Reads the text of a flag or variable: YAML, usually in flow style.
Result<Tree> ParseTree(const std::string& text);

}  // namespace pgsidecar::config
