#pragma once

#include <string>
#include <string_view>

namespace pgsidecar::sql {

/// OpenTelemetry's `db.query.summary` of a canonical text: operations and targets in order of
/// appearance, `INSERT audit SELECT orders`. Names of CTEs are no targets. At most 255 bytes, cut
/// between names. `verb` stands for a text without an operation of its own (VALUES).
/// Requires: libpg_query accepts `canonical`; 8 MiB of stack.
std::string SummaryOfTree(std::string_view verb, const std::string& canonical);

/// The same for a text that libpg_query refuses: `verb` and the first target, from the words.
std::string SummaryOfTokens(std::string_view verb, std::string_view canonical);

}  // namespace pgsidecar::sql
