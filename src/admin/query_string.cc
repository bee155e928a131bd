#include "admin/query_string.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"

namespace pgsidecar::admin {
namespace {

constexpr std::size_t kEchoBytes = 64;

std::optional<std::string> Decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    unsigned value = 0;
    const char* end = text.data() + i + 3;
    if (std::from_chars(text.data() + i + 1, end, value, 16).ptr != end) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

std::string Join(std::initializer_list<std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) {
    out.append(out.empty() ? "" : ", ").append(name);
  }
  return out;
}

}  // namespace

Result<QueryString> QueryString::Parse(std::string_view query,
                                       std::initializer_list<std::string_view> allowed) {
  QueryString out;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = Decode(pair.substr(0, equals));
    const auto value = Decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) {
      return Error{"the query string has a broken percent escape in \"" +
                   PrintableText(pair, kEchoBytes) + "\""};
    }
    if (std::find(allowed.begin(), allowed.end(), *name) == allowed.end()) {
      return Error{"parameter \"" + PrintableText(*name, kEchoBytes) +
                   "\" is not known; allowed: " + Join(allowed)};
    }
    const bool twice = std::any_of(out.parameters_.begin(), out.parameters_.end(),
                                   [&](const auto& known) { return known.first == *name; });
    if (twice) return Error{"parameter \"" + *name + "\" is given twice"};
    out.parameters_.emplace_back(*name, *value);
  }
  return out;
}

std::string_view QueryString::Get(std::string_view name, std::string_view fallback) const {
  for (const auto& [key, value] : parameters_) {
    if (key == name && !value.empty()) return value;
  }
  return fallback;
}

std::string BadParameter(std::string_view name, std::string_view value, std::string_view allowed) {
  return std::string(name) + " is \"" + PrintableText(value, kEchoBytes) +
         "\"; allowed: " + std::string(allowed);
}

}  // namespace pgsidecar::admin
