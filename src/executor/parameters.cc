#include "pgsidecar/parameters.h"

#include <charconv>
#include <cmath>

#include "pgsidecar/array.h"

namespace pgsidecar {
namespace {

template <class Number>
std::string NumberText(Number value) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  return std::string(text, end);
}

}  // namespace

void Parameters::Add(std::int64_t value) { values_.emplace_back(NumberText(value)); }

void Parameters::Add(std::uint64_t value) { values_.emplace_back(NumberText(value)); }

void Parameters::Add(double value) {
  if (std::isnan(value)) {
    values_.emplace_back("NaN");
  } else if (std::isinf(value)) {
    values_.emplace_back(value > 0 ? "Infinity" : "-Infinity");
  } else {
    values_.emplace_back(NumberText(value));
  }
}

void Parameters::Add(Bytes value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 + 2 * value.data.size());
  text = "\\x";
  for (const char c : value.data) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xf];
  }
  values_.emplace_back(std::move(text));
}

void Parameters::AddArray(const std::vector<std::optional<std::string>>& elements) {
  values_.emplace_back(FormatArray(elements));
}

}  // namespace pgsidecar
