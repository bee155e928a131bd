#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pgsidecar::admin {

/// The parameters of a query string, percent-decoded (RFC 3986; `+` stays a plus, as times have
/// one).
class QueryString {
 public:
  /// Fails on a name that is not in `allowed`, on one that is given twice and on a broken escape;
  /// the error names it.
  static Result<QueryString> Parse(std::string_view query,
                                   std::initializer_list<std::string_view> allowed);

  /// The value of `name`, or `fallback` if it is not there or empty.
  std::string_view Get(std::string_view name, std::string_view fallback) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

/// `sort="x" is not known; allowed: …`, with a value from outside made short and printable.
std::string BadParameter(std::string_view name, std::string_view value, std::string_view allowed);

}  // namespace pgsidecar::admin
