#pragma once

#include <string>
#include <string_view>

#include "sql/shape_builder.h"

namespace pgsidecar::sql {

/// How a text was identified: the closed label set `kind` of statement_parses_total.
enum class IdentityKind : std::uint8_t { kFingerprint, kRejected, kTooLong, kUtility, kTimeout };

constexpr std::array<std::string_view, 5> kIdentityKindNames = {"fingerprint", "rejected",
                                                                "too_long", "utility", "timeout"};

/// Who a statement is, as a function of its shape.
struct Identity {
  std::string fingerprint;  ///< 16 hex digits, or "unknown".
  std::string summary;      ///< OpenTelemetry's `db.query.summary`, at most 255 bytes.
  std::string query;        ///< Valid UTF-8, no control characters.
  IdentityKind kind = IdentityKind::kUtility;
};

/// A canonical text on its way to libpg_query.
struct Canonical {
  std::string text;
  bool too_long = false;  ///< `text` is only the beginning.
};

/// Identifies a statement, with libpg_query if it is a data statement. Thread-safe.
/// Requires: 8 MiB of stack (RunOnLargeStack).
Identity Identify(const StatementShape& shape, const Canonical& canonical);
/// The identity without libpg_query: the shape itself. Cheap.
Identity IdentifyByShape(const StatementShape& shape, const Canonical& canonical);
/// A statement whose text is not known.
Identity UnknownIdentity(metrics::Command command);
/// `CREATE TABLE`, `NOTIFY`.
std::string CommandTag(const StatementShape& shape);

/// 16 lower-case hexadecimal digits.
std::string Hex(std::uint64_t value);

}  // namespace pgsidecar::sql
