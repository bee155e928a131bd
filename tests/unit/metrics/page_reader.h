#pragma once

#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "metrics/exposition.h"

namespace pgsidecar::metrics {

/// The text page of `registry`.
inline std::string TextPage(Registry& registry) { return Expose(registry, "", "").body; }

/// The value of the sample written as `series` (`name{label="value"}`), or nothing.
inline std::optional<double> SampleIn(const std::string& page, std::string_view series) {
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(series) || line[series.size()] != ' ') continue;
    return std::strtod(line.c_str() + series.size(), nullptr);
  }
  return std::nullopt;
}

inline std::optional<double> Sample(Registry& registry, std::string_view series) {
  return SampleIn(TextPage(registry), series);
}

/// The sum and number of all samples whose line starts with `prefix`.
struct Total {
  double sum = 0;
  std::size_t series = 0;
};

inline Total TotalIn(const std::string& page, std::string_view prefix) {
  Total total;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(prefix)) continue;
    total.sum += std::strtod(line.c_str() + line.rfind(' '), nullptr);
    ++total.series;
  }
  return total;
}

}  // namespace pgsidecar::metrics
