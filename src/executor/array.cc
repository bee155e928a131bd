#include "pgsidecar/array.h"

#include <algorithm>
#include <cstdint>

namespace pgsidecar {
namespace {

constexpr std::size_t kDimensionsMax = 6;  // As PostgreSQL's MAXDIM.

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// One pass, without recursion: `counts_[d]` is how many elements the open brace of depth d has.
class ArrayParser {
 public:
  explicit ArrayParser(std::string_view text) : rest_(text) {}

  std::optional<Array> Parse() {
    SkipSpace();
    if (!SkipBounds() || !Take('{')) return std::nullopt;
    depth_ = 1;
    while (depth_ > 0) {
      if (!Step()) return std::nullopt;
    }
    SkipSpace();
    if (!rest_.empty()) return std::nullopt;
    return Finish();
  }

 private:
  enum class Last : std::uint8_t { kOpen, kElement, kComma };

  void SkipSpace() {
    while (!rest_.empty() && IsSpace(rest_.front())) rest_.remove_prefix(1);
  }
  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool SkipNumber() {
    if (!Take('-')) Take('+');
    const std::size_t before = rest_.size();
    while (!rest_.empty() && IsDigit(rest_.front())) rest_.remove_prefix(1);
    return rest_.size() < before;
  }
  /// `[1:2][0:3]=` in front of the braces.
  bool SkipBounds() {
    if (rest_.empty() || rest_.front() != '[') return true;
    while (Take('[')) {
      if (!SkipNumber() || !Take(':') || !SkipNumber() || !Take(']')) return false;
    }
    SkipSpace();
    if (!Take('=')) return false;
    SkipSpace();
    return true;
  }

  bool Step() {
    SkipSpace();
    if (rest_.empty()) return false;
    if (Take('{')) return Open();
    if (Take('}')) return Close();
    if (Take(',')) {
      const bool behind_element = last_ == Last::kElement;
      last_ = Last::kComma;
      return behind_element;
    }
    return Element();
  }

  bool Open() {
    if (last_ == Last::kElement || depth_ == kDimensionsMax || depth_ == leaf_depth_) return false;
    ++counts_[depth_ - 1];
    counts_[depth_] = 0;
    ++depth_;
    last_ = Last::kOpen;
    return true;
  }

  /// Every brace of a depth has as many elements as the first one that was closed there.
  bool Close() {
    if (last_ == Last::kComma) return false;
    if (last_ == Last::kOpen && (depth_ > 1 || !result_.elements.empty())) return false;
    const std::size_t level = depth_ - 1;
    if (dimensions_[level] == 0) dimensions_[level] = counts_[level];
    if (dimensions_[level] != counts_[level]) return false;
    deepest_ = std::max(deepest_, depth_);
    --depth_;
    last_ = Last::kElement;
    return true;
  }

  bool Element() {
    if (last_ == Last::kElement) return false;
    if (leaf_depth_ == 0) leaf_depth_ = depth_;
    if (leaf_depth_ != depth_) return false;
    ++counts_[depth_ - 1];
    last_ = Last::kElement;
    return rest_.front() == '"' ? Quoted() : Bare();
  }

  bool Quoted() {
    std::string value;
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') {
        result_.elements.emplace_back(std::move(value));
        return true;
      }
      if (c == '\\') {
        if (rest_.empty()) return false;
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      value += c;
    }
    return false;
  }

  bool Bare() {
    std::string value;
    bool escaped = false;
    std::size_t significant = 0;  // Trailing space is dropped, unless it was escaped.
    while (!rest_.empty()) {
      char c = rest_.front();
      if (c == ',' || c == '}') break;
      if (c == '{' || c == '"') return false;
      rest_.remove_prefix(1);
      const bool escape = c == '\\';
      if (escape) {
        if (rest_.empty()) return false;
        c = rest_.front();
        rest_.remove_prefix(1);
        escaped = true;
      }
      value += c;
      if (escape || !IsSpace(c)) significant = value.size();
    }
    value.resize(significant);
    if (value.empty()) return false;
    if (!escaped && IsNull(value)) {
      result_.elements.emplace_back();
    } else {
      result_.elements.emplace_back(std::move(value));
    }
    return true;
  }

  static bool IsNull(std::string_view value) {
    constexpr std::string_view kNull = "NULL";
    return std::ranges::equal(value, kNull, [](char a, char b) { return (a & ~0x20) == b; });
  }

  std::optional<Array> Finish() {
    if (result_.elements.empty()) {
      if (deepest_ > 1) return std::nullopt;
      return result_;
    }
    if (deepest_ != leaf_depth_) return std::nullopt;
    result_.dimensions.assign(dimensions_, dimensions_ + leaf_depth_);
    return std::move(result_);
  }

  std::string_view rest_;
  Array result_;
  std::size_t depth_ = 0, leaf_depth_ = 0, deepest_ = 0;
  std::size_t counts_[kDimensionsMax + 1] = {};
  std::size_t dimensions_[kDimensionsMax + 1] = {};
  Last last_ = Last::kOpen;
};

void AppendElement(std::string& to, const std::optional<std::string>& element) {
  if (!element) {
    to += "NULL";
    return;
  }
  to += '"';
  for (const char c : *element) {
    if (c == '"' || c == '\\') to += '\\';
    to += c;
  }
  to += '"';
}

}  // namespace

std::optional<Array> ParseArray(std::string_view text) { return ArrayParser(text).Parse(); }

std::string FormatArray(const std::vector<std::optional<std::string>>& elements) {
  std::string text = "{";
  for (const auto& element : elements) {
    if (text.size() > 1) text += ',';
    AppendElement(text, element);
  }
  return text + '}';
}

std::string FormatArray(const Array& array) {
  if (array.elements.empty()) return "{}";
  std::string text;
  for (std::size_t i = 0; i < array.elements.size(); ++i) {
    if (i > 0) text += ',';
    // Braces open in front of the first element of every slice that starts here.
    std::size_t slice = 1, opened = 0;
    for (std::size_t d = array.dimensions.size(); d-- > 0;) {
      slice *= array.dimensions[d];
      if (i % slice == 0) ++opened;
    }
    text.append(opened, '{');
    AppendElement(text, array.elements[i]);
    std::size_t closed = 0;
    slice = 1;
    for (std::size_t d = array.dimensions.size(); d-- > 0;) {
      slice *= array.dimensions[d];
      if ((i + 1) % slice == 0) ++closed;
    }
    text.append(closed, '}');
  }
  return text;
}

}  // namespace pgsidecar
