#include "metrics/declaration.h"

#include <algorithm>

namespace pgsidecar::metrics {
namespace {

std::vector<double> FixedBounds(Buckets buckets) {
  switch (buckets) {
    case Buckets::kNone:
      return {};
    case Buckets::kQ:
      return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
              0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
    case Buckets::kS:
      return {0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 5, 10};
    case Buckets::kH:
      return {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10};
    case Buckets::kO:
      return {0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005,
              0.001,   0.0025,   0.005,   0.01,   0.05,    0.25};
    case Buckets::kL:
      return {0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600};
  }
  return {};
}

}  // namespace

std::vector<std::string_view> LabelNames(const Declaration& declaration) {
  std::vector<std::string_view> names;
  for (std::string_view rest = declaration.labels; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::string_view name = rest.substr(0, comma);
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    names.push_back(name);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return names;
}

std::string_view UnitOf(std::string_view name) {
  if (name.ends_with("_total")) name.remove_suffix(6);
  if (name.ends_with("_seconds")) return "seconds";
  if (name.ends_with("_bytes")) return "bytes";
  return {};
}

std::vector<double> BoundsOf(Buckets buckets, double slow_threshold_seconds) {
  std::vector<double> bounds = FixedBounds(buckets);
  if (buckets == Buckets::kQ || buckets == Buckets::kS) {
    const auto place = std::ranges::lower_bound(bounds, slow_threshold_seconds);
    if (place == bounds.end() || *place != slow_threshold_seconds) {
      bounds.insert(place, slow_threshold_seconds);
    }
  }
  return bounds;
}

std::string_view Name(Buckets buckets) {
  switch (buckets) {
    case Buckets::kNone:
      return "";
    case Buckets::kQ:
      return "Q";
    case Buckets::kS:
      return "S";
    case Buckets::kH:
      return "H";
    case Buckets::kO:
      return "O";
    case Buckets::kL:
      return "L";
  }
  return "";
}

}  // namespace pgsidecar::metrics
