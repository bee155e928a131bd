#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "pgsidecar/rows.h"

namespace pgsidecar::admin {

/// The largest answer of an operation.
constexpr std::size_t kResultBytesMax = std::size_t{8} << 20U;

/// `[{"id": 1, …}, …]`: integers and floats as numbers with all their digits; numeric, NaN and
/// infinities as strings; bool and null; arrays of built-in types; json embedded; all else in
/// PostgreSQL's text form. A column that has the name of one before it gets `_2`, `_3`, … behind
/// it. Nothing if it would be longer than `bytes_max`.
std::optional<std::string> RowsToJson(const Rows& rows, std::size_t bytes_max);

/// A JSON string with its quotes; what is not UTF-8 becomes U+FFFD.
std::string JsonString(std::string_view text);

}  // namespace pgsidecar::admin
