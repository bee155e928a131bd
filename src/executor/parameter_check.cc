#include "executor/parameter_check.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "pgsidecar/array.h"

namespace pgsidecar::executor {
namespace {

constexpr std::size_t kNumberBytesMax = 1024;
constexpr std::size_t kElementsMax = 100'000;

using Number = OperationValue::Number;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

template <class Integer>
CheckedValue AsInteger(std::string_view digits) {
  Integer value{};
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return std::string(digits);
}

bool IsNotANumber(std::string_view text) {
  return text == "NaN" || text == "Infinity" || text == "-Infinity";
}

/// `-1.5e-3`: what JSON and PostgreSQL both read.
bool IsDecimal(std::string_view text) {
  const auto skip_digits = [&text] {
    const std::size_t before = text.size();
    while (!text.empty() && IsDigit(text.front())) text.remove_prefix(1);
    return text.size() < before;
  };
  if (text.size() > kNumberBytesMax) return false;
  if (text.starts_with('-')) text.remove_prefix(1);
  if (!skip_digits()) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!skip_digits()) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!skip_digits()) return false;
  }
  return text.empty();
}

CheckedValue AsFloat(std::string_view text) {
  if (!IsDecimal(text)) return std::nullopt;
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc()) return std::nullopt;  // What float8 does not hold.
  return std::string(text);
}

/// Eight, four, four, four and twelve hexadecimal digits.
bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !IsHexDigit(text[i])) return false;
  }
  return true;
}

/// `2026-01-31`, as ISO 8601 and every DateStyle read it.
bool StartsWithDate(std::string_view text) {
  if (text.size() < 10) return false;
  for (std::size_t i = 0; i < 10; ++i) {
    const bool dash = i == 4 || i == 7;
    if (dash ? text[i] != '-' : !IsDigit(text[i])) return false;
  }
  return true;
}

/// A date, `T` or a space, a time, and a zone: without one it would mean what the session's is.
bool IsTimestamp(std::string_view text) {
  if (!StartsWithDate(text) || text.size() < 17 || text.size() > 40) return false;
  if (text[10] != 'T' && text[10] != ' ' && text[10] != 't') return false;
  const std::string_view time = text.substr(11);
  if (!IsDigit(time[0]) || !IsDigit(time[1]) || time[2] != ':') return false;
  const std::size_t zone = time.find_first_of("Zz+-");
  if (zone == std::string_view::npos) return false;
  const auto among = [](std::string_view part, std::string_view allowed) {
    return part.find_first_not_of(allowed) == std::string_view::npos;
  };
  if (!among(time.substr(0, zone), "0123456789:.")) return false;
  const std::string_view offset = time.substr(zone + 1);
  if (time[zone] == 'Z' || time[zone] == 'z') return offset.empty();
  return !offset.empty() && among(offset, "0123456789:");
}

bool IsBytea(std::string_view text) {
  return text.starts_with("\\x") && text.size() % 2 == 0 &&
         std::all_of(text.begin() + 2, text.end(), IsHexDigit);
}

CheckedValue OfNumber(const std::string& digits, ParameterType type) {
  switch (type) {
    case ParameterType::kInt2:
      return AsInteger<std::int16_t>(digits);
    case ParameterType::kInt4:
      return AsInteger<std::int32_t>(digits);
    case ParameterType::kInt8:
      return AsInteger<std::int64_t>(digits);
    case ParameterType::kFloat8:
      return AsFloat(digits);
    case ParameterType::kNumeric:
      return IsDecimal(digits) ? CheckedValue(digits) : std::nullopt;
    case ParameterType::kJson:
      return IsDecimal(digits) ? CheckedValue(digits) : std::nullopt;
    default:
      return std::nullopt;
  }
}

/// Strings stand for what JSON has no notation for, and for numbers that its readers round.
CheckedValue OfString(const std::string& text, ParameterType type) {
  if (text.find('\0') != std::string::npos) return std::nullopt;
  const auto when = [&text](bool holds) { return holds ? CheckedValue(text) : std::nullopt; };
  switch (type) {
    case ParameterType::kText:
      return text;
    case ParameterType::kInt8:
      return AsInteger<std::int64_t>(text);
    case ParameterType::kFloat8:
      return when(IsNotANumber(text));
    case ParameterType::kNumeric:
      return when(IsNotANumber(text) || IsDecimal(text));
    case ParameterType::kUuid:
      return when(IsUuid(text));
    case ParameterType::kDate:
      return when(text.size() == 10 && StartsWithDate(text));
    case ParameterType::kTimestamptz:
      return when(IsTimestamp(text));
    case ParameterType::kBytea:
      return when(IsBytea(text));
    default:
      return std::nullopt;
  }
}

/// One element, or a parameter that is no array. An inner nothing is a mismatch here: NULL was
/// dealt with.
CheckedValue CheckScalar(const OperationValue& value, ParameterType type) {
  if (const auto* json = std::get_if<OperationValue::Json>(&value.value)) {
    const bool fits = type == ParameterType::kJson && json->text.find('\0') == std::string::npos;
    return fits ? CheckedValue(json->text) : std::nullopt;
  }
  if (const auto* flag = std::get_if<bool>(&value.value)) {
    if (type != ParameterType::kBool) return std::nullopt;
    return std::string(*flag ? "t" : "f");
  }
  if (const auto* number = std::get_if<Number>(&value.value)) return OfNumber(number->digits, type);
  if (const auto* text = std::get_if<std::string>(&value.value)) return OfString(*text, type);
  return std::nullopt;
}

bool IsNull(const OperationValue& value) {
  return std::holds_alternative<std::nullptr_t>(value.value);
}

}  // namespace

std::optional<CheckedValue> CheckValue(const OperationValue& value, const ParameterSpec& spec) {
  if (IsNull(value)) return CheckedValue();
  if (!spec.array) {
    CheckedValue checked = CheckScalar(value, spec.type);
    if (!checked) return std::nullopt;
    return checked;
  }
  const auto* list = std::get_if<OperationValue::List>(&value.value);
  if (list == nullptr || list->size() > kElementsMax) return std::nullopt;
  std::vector<std::optional<std::string>> elements;
  elements.reserve(list->size());
  for (const OperationValue& element : *list) {
    elements.emplace_back(IsNull(element) ? std::nullopt : CheckScalar(element, spec.type));
    if (!elements.back() && !IsNull(element)) return std::nullopt;
  }
  return CheckedValue(FormatArray(elements));
}

Result<Template> Template::Parse(std::string_view text,
                                 const std::vector<ParameterSpec>& parameters) {
  Template result;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) result.pieces_.push_back({std::move(literal), std::nullopt});
    literal.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool doubled = i + 1 < text.size() && text[i + 1] == text[i];
    if (text[i] == '}' && !doubled)
      return Error{"a } in '" + std::string(text) + "' closes nothing"};
    if ((text[i] != '{' && text[i] != '}') || doubled) {
      literal += text[i];
      if (doubled && (text[i] == '{' || text[i] == '}')) ++i;
      continue;
    }
    const std::size_t end = text.find('}', i);
    if (end == std::string_view::npos)
      return Error{"a { in '" + std::string(text) + "' is not closed"};
    const std::string_view name = text.substr(i + 1, end - i - 1);
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [&](const ParameterSpec& each) { return each.name == name; });
    if (found == parameters.end()) {
      return Error{"'" + std::string(name) + "' in '" + std::string(text) + "' is no parameter"};
    }
    flush();
    result.pieces_.push_back({{}, static_cast<std::size_t>(found - parameters.begin())});
    i = end;
  }
  flush();
  return result;
}

std::string Template::Expand(const Parameters& parameters) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    if (!piece.parameter) {
      text += piece.text;
      continue;
    }
    const auto& value = parameters.values()[*piece.parameter];
    if (!value) {
      text += "\\N";
      continue;
    }
    for (const char c : *value) {
      if (c == '\\' || c == ':') text += '\\';
      text += c;
    }
  }
  return text;
}

}  // namespace pgsidecar::executor
