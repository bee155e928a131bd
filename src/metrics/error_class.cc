#include "metrics/error_class.h"

#include <algorithm>

namespace pgsidecar::metrics {
namespace {

struct Rule {
  std::string_view prefix;  ///< A whole SQLSTATE, or its first two characters.
  ErrorClass error_class;
};

// The first rule that matches decides: codes before their classes. PostgreSQL manual, appendix A.
constexpr std::array kRules = {
    Rule{"57P01", ErrorClass::kConnection}, Rule{"57P02", ErrorClass::kConnection},
    Rule{"57P03", ErrorClass::kConnection}, Rule{"57P04", ErrorClass::kConnection},
    Rule{"57014", ErrorClass::kCanceled},   Rule{"55P03", ErrorClass::kTimeout},
    Rule{"25P04", ErrorClass::kTimeout},    Rule{"40P01", ErrorClass::kDeadlock},
    Rule{"42501", ErrorClass::kPermission}, Rule{"08", ErrorClass::kConnection},
    Rule{"40", ErrorClass::kSerialization}, Rule{"23", ErrorClass::kConstraint},
    Rule{"44", ErrorClass::kConstraint},    Rule{"21", ErrorClass::kData},
    Rule{"22", ErrorClass::kData},          Rule{"28", ErrorClass::kPermission},
    Rule{"42", ErrorClass::kSyntax},        Rule{"0A", ErrorClass::kSyntax},
    Rule{"26", ErrorClass::kSyntax},        Rule{"34", ErrorClass::kSyntax},
    Rule{"53", ErrorClass::kResource},      Rule{"54", ErrorClass::kResource},
    Rule{"25", ErrorClass::kTransaction},   Rule{"P0", ErrorClass::kApplication},
    Rule{"58", ErrorClass::kInternal},      Rule{"F0", ErrorClass::kInternal},
    Rule{"XX", ErrorClass::kInternal},
};

}  // namespace

bool IsSqlstate(std::string_view text) {
  return text.size() == 5 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

ErrorClass ClassOf(std::string_view sqlstate) {
  if (!IsSqlstate(sqlstate)) return ErrorClass::kOther;
  const auto* rule = std::ranges::find_if(
      kRules, [&](const Rule& candidate) { return sqlstate.starts_with(candidate.prefix); });
  return rule == kRules.end() ? ErrorClass::kOther : rule->error_class;
}

}  // namespace pgsidecar::metrics
