#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar {

/// An array of PostgreSQL: its elements as text, in row-major order.
struct Array {
  std::vector<std::size_t> dimensions{};  ///< None: the empty array.
  std::vector<std::optional<std::string>> elements{};
};

/// Reads the text form of an array (PostgreSQL manual, section 8.15.6) whose delimiter is a comma,
/// which is that of every built-in type but box. Lower bounds (`[0:1]={1,2}`) are read and dropped.
/// Nothing if `text` is no array, or has more than 6 dimensions.
std::optional<Array> ParseArray(std::string_view text);

/// The text form of a one-dimensional array: every element quoted, NULL for nothing.
std::string FormatArray(const std::vector<std::optional<std::string>>& elements);

/// The text form of any array. Requires: as many elements as the dimensions say.
std::string FormatArray(const Array& array);

}  // namespace pgsidecar
