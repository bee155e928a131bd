#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace pgsidecar::sql {

/// The statements of corpus/*.sql, one a line.
inline std::vector<std::string> Corpus() {
  std::vector<std::string> statements;
  const std::filesystem::path folder =
      std::filesystem::path(PGSIDECAR_SOURCE_DIR) / "tests/unit/sql/corpus";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) statements.push_back(line);
  }
  return statements;
}

}  // namespace pgsidecar::sql
