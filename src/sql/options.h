#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace pgsidecar::sql {

/// What of a statement's text may be shown in labels, logs and answers.
enum class TextPolicy : std::uint8_t { kNormalised, kSummary, kOff };

/// A name that the configuration gives to a statement. One of the matchers is set.
struct ConfiguredOperation {
  std::string name{};
  std::string fingerprint{};  ///< 16 hex digits.
  std::string sql{};          ///< Any spelling: compared after canonicalisation.
  std::string comment{};      ///< sqlcommenter `action` or `route`.
};

struct StatementOptions {
  std::uint32_t limit = 200;  ///< Label sets with series of their own.
  std::chrono::nanoseconds grace = std::chrono::minutes(10);
  TextPolicy text = TextPolicy::kNormalised;
  std::vector<std::string>
      names_from_comments{};  ///< sqlcommenter keys, first match names the operation.
  std::vector<ConfiguredOperation> operations{};  ///< At most 100.
  bool read_traits = false;                       ///< Somebody wants to know what statements write.
};

}  // namespace pgsidecar::sql
