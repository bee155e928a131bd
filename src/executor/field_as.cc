#include <charconv>
#include <cmath>
#include <limits>

#include "pgsidecar/rows.h"

namespace pgsidecar {
namespace {

/// The value stays out of the message: it is data.
[[noreturn]] void Refuse(const char* type) {
  throw ConversionError(std::string("the text of a field is no ") + type);
}

template <class Number>
Number ReadNumber(std::string_view text, const char* type) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) Refuse(type);
  return value;
}

template <class Real>
Real ReadReal(std::string_view text, const char* type) {
  if (text == "NaN") return std::numeric_limits<Real>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<Real>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<Real>::infinity();
  return ReadNumber<Real>(text, type);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  Refuse("bytea");
}

}  // namespace

template <>
bool FieldAs<bool>(std::string_view text) {
  if (text == "t" || text == "true") return true;
  if (text == "f" || text == "false") return false;
  Refuse("bool");
}
template <>
std::int16_t FieldAs<std::int16_t>(std::string_view text) {
  return ReadNumber<std::int16_t>(text, "int16_t");
}
template <>
std::int32_t FieldAs<std::int32_t>(std::string_view text) {
  return ReadNumber<std::int32_t>(text, "int32_t");
}
template <>
std::int64_t FieldAs<std::int64_t>(std::string_view text) {
  return ReadNumber<std::int64_t>(text, "int64_t");
}
template <>
std::uint32_t FieldAs<std::uint32_t>(std::string_view text) {
  return ReadNumber<std::uint32_t>(text, "uint32_t");
}
template <>
std::uint64_t FieldAs<std::uint64_t>(std::string_view text) {
  return ReadNumber<std::uint64_t>(text, "uint64_t");
}
template <>
float FieldAs<float>(std::string_view text) {
  return ReadReal<float>(text, "float");
}
template <>
double FieldAs<double>(std::string_view text) {
  return ReadReal<double>(text, "double");
}
template <>
std::string FieldAs<std::string>(std::string_view text) {
  return std::string(text);
}

std::string FieldAsBytes(std::string_view text) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) Refuse("bytea");
  std::string bytes;
  bytes.reserve(text.size() / 2 - 1);
  for (std::size_t i = 2; i < text.size(); i += 2) {
    bytes += static_cast<char>(HexDigit(text[i]) << 4 | HexDigit(text[i + 1]));
  }
  return bytes;
}

std::vector<std::string> FieldAsElements(std::string_view text) {
  auto array = ParseArray(text);
  if (!array || array->dimensions.size() > 1) Refuse("one-dimensional array");
  std::vector<std::string> elements;
  elements.reserve(array->elements.size());
  for (auto& element : array->elements) {
    if (!element) Refuse("array without NULL");
    elements.push_back(std::move(*element));
  }
  return elements;
}

}  // namespace pgsidecar
