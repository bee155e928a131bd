#include "metrics/number_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace pgsidecar::metrics {
namespace {

/// Enough for every double in fixed notation between the exponents that AppendBound allows.
using NumberBuffer = std::array<char, 64>;

/// Powers of ten outside of these are written with an exponent.
constexpr double kFixedFrom = 1e-4;
constexpr double kFixedBelow = 1e6;

bool AppendSpecial(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    return false;
  }
  return true;
}

}  // namespace

void AppendNumber(double value, std::string& out) {
  if (AppendSpecial(value, out)) return;
  NumberBuffer buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), written.ptr);
}

void AppendBound(double bound, std::string& out) {
  if (AppendSpecial(bound, out)) return;
  const double size = std::abs(bound);
  const bool fixed = size == 0 || (size >= kFixedFrom && size < kFixedBelow);
  const auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  NumberBuffer buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), bound, format);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data()));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

}  // namespace pgsidecar::metrics
