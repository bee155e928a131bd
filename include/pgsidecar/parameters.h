#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar {

/// Bytes for a parameter of type bytea; they may hold anything, NUL too.
struct Bytes {
  std::string_view data;
};

/// The values of `$1`, `$2`, ... of one call. They travel beside the SQL text, so nothing in them
/// can become SQL. PostgreSQL decides their types from the statement; write `$1::int4` where it
/// cannot.
class Parameters {
 public:
  Parameters() = default;
  /// Numbers, bool, text, Bytes, arrays (vectors of those), null (nullptr or an empty optional).
  template <class... Values>
  requires(sizeof...(Values) > 0 && !(std::same_as<std::remove_cvref_t<Values>, Parameters> ||
                                      ...)) explicit Parameters(const Values&... values) {
    values_.reserve(sizeof...(Values));
    (Add(values), ...);
  }

  void Add(std::nullptr_t) { values_.emplace_back(); }
  void Add(bool value) { values_.emplace_back(value ? "t" : "f"); }
  void Add(std::int64_t value);
  void Add(std::uint64_t value);
  void Add(double value);  ///< With all digits; NaN and infinities as PostgreSQL spells them.
  /// Valid UTF-8 without NUL, which PostgreSQL does not store: else the call is refused.
  void Add(std::string_view value) { values_.emplace_back(value); }
  void Add(const char* value) { Add(std::string_view(value)); }
  void Add(const std::string& value) { Add(std::string_view(value)); }
  void Add(Bytes value);
  void Add(std::integral auto value) {
    if constexpr (std::is_signed_v<decltype(value)>) {
      Add(static_cast<std::int64_t>(value));
    } else {
      Add(static_cast<std::uint64_t>(value));
    }
  }
  template <class T>
  void Add(const std::optional<T>& value) {
    if (value) {
      Add(*value);
    } else {
      Add(nullptr);
    }
  }
  template <class T>
  void Add(const std::vector<T>& elements) {
    Parameters texts;
    texts.values_.reserve(elements.size());
    for (const auto& element : elements) texts.Add(static_cast<const T&>(element));
    AddArray(texts.values_);
  }

  /// In PostgreSQL's text form; nothing for NULL.
  const std::vector<std::optional<std::string>>& values() const { return values_; }
  std::size_t size() const { return values_.size(); }

 private:
  void AddArray(const std::vector<std::optional<std::string>>& elements);

  std::vector<std::optional<std::string>> values_;
};

}  // namespace pgsidecar
