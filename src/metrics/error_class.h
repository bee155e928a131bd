#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pgsidecar::metrics {

/// A five-character SQLSTATE with its terminator, or empty: none was sent, or it was malformed.
/// PostgreSQL manual, appendix A.
using Sqlstate = std::array<char, 6>;

inline std::string_view View(const Sqlstate& sqlstate) { return sqlstate.data(); }

/// The closed label set `error_class`.
enum class ErrorClass : std::uint8_t {
  kConnection,
  kTimeout,
  kCanceled,
  kDeadlock,
  kSerialization,
  kConstraint,
  kData,
  kPermission,
  kSyntax,
  kResource,
  kTransaction,
  kApplication,
  kInternal,
  kOther,
};

constexpr std::size_t kErrorClassCount = 14;

constexpr std::array<std::string_view, kErrorClassCount> kErrorClassNames = {
    "connection", "timeout", "canceled", "deadlock",    "serialization", "constraint", "data",
    "permission", "syntax",  "resource", "transaction", "application",   "internal",   "other"};

constexpr std::string_view Name(ErrorClass error_class) {
  return kErrorClassNames[static_cast<std::size_t>(error_class)];
}

/// Whether `text` is five of 0-9 and A-Z.
bool IsSqlstate(std::string_view text);

/// The class of a SQLSTATE. An empty, malformed or unknown one is kOther.
ErrorClass ClassOf(std::string_view sqlstate);

}  // namespace pgsidecar::metrics
