#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace pgsidecar {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kDurationUnits = {Unit{"d", 86'400'000'000'000},
                                       Unit{"h", 3'600'000'000'000},
                                       Unit{"m", 60'000'000'000},
                                       Unit{"s", 1'000'000'000},
                                       Unit{"ms", 1'000'000},
                                       Unit{"us", 1'000},
                                       Unit{"ns", 1}};

constexpr std::array kByteUnits = {
    Unit{"GiB", 1ULL << 30}, Unit{"MiB", 1ULL << 20}, Unit{"KiB", 1ULL << 10},  Unit{"B", 1},
    Unit{"kB", 1'000},       Unit{"MB", 1'000'000},   Unit{"GB", 1'000'000'000}};

template <std::size_t N>
std::uint64_t FactorOf(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.factor;
  }
  return 0;
}

Error BadDuration(std::string_view text) {
  return {"'" + std::string(text) +
          "' is not a duration; allowed: a number with ns, us, ms, s, m, h or d"};
}

Error BadBytes(std::string_view text) {
  return {"'" + std::string(text) +
          "' is not a size; allowed: an integer with B, kB, MB, GB, KiB, MiB, GiB or no unit"};
}

}  // namespace

Result<std::chrono::nanoseconds> ParseDuration(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !(number >= 0)) return BadDuration(text);
  const std::string_view unit(end, text.size() - static_cast<std::size_t>(end - text.data()));
  if (unit.empty() && number == 0) return std::chrono::nanoseconds(0);
  const std::uint64_t factor = FactorOf(kDurationUnits, unit);
  const double nanos = number * static_cast<double>(factor);
  if (factor == 0 || nanos > 9e18) return BadDuration(text);
  return std::chrono::nanoseconds(std::llround(nanos));
}

std::string FormatDuration(std::chrono::nanoseconds duration) {
  const auto nanos = static_cast<std::uint64_t>(duration.count());
  if (nanos == 0) return "0";
  for (const Unit& unit : kDurationUnits) {
    if (nanos % unit.factor == 0)
      return std::to_string(nanos / unit.factor) + std::string(unit.name);
  }
  return std::to_string(nanos) + "ns";
}

Result<std::uint64_t> ParseBytes(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return BadBytes(text);
  const std::string_view unit(end, text.size() - static_cast<std::size_t>(end - text.data()));
  const std::uint64_t factor = unit.empty() ? 1 : FactorOf(kByteUnits, unit);
  if (factor == 0 || number > std::numeric_limits<std::int64_t>::max() / factor) {
    return BadBytes(text);
  }
  return number * factor;
}

std::string FormatBytes(std::uint64_t bytes) {
  for (const Unit& unit : kByteUnits) {
    if (unit.factor == 1) break;
    if (bytes != 0 && bytes % unit.factor == 0) {
      return std::to_string(bytes / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(bytes);
}

}  // namespace pgsidecar
