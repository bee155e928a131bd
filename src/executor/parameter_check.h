#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "executor/operation_set.h"

namespace pgsidecar::executor {

/// A value in the text form of PostgreSQL; NULL is nothing within.
using CheckedValue = std::optional<std::string>;

/// Checks a value against a type. Nothing if it is not of that type, or out of its range. NULL is
/// of every type here.
std::optional<CheckedValue> CheckValue(const OperationValue& value, const ParameterSpec& spec);

/// A template for keys and tags: text with `{name}` for the value of a parameter.
class Template {
 public:
  /// Fails for an unclosed brace and for a name that is no parameter.
  static Result<Template> Parse(std::string_view text,
                                const std::vector<ParameterSpec>& parameters);

  /// Values are escaped, so that two lists of values never make the same text: a backslash goes
  /// before each backslash and colon, and NULL is `\N`.
  std::string Expand(const Parameters& parameters) const;
  bool empty() const { return pieces_.empty(); }

 private:
  struct Piece {
    std::string text;
    std::optional<std::size_t> parameter;
  };
  std::vector<Piece> pieces_;
};

}  // namespace pgsidecar::executor
