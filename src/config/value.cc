#include "config/value.h"

#include "base/text.h"

namespace pgsidecar::config {

Error Refuse(std::string_view text, std::string_view problem, std::string_view allowed) {
  constexpr std::size_t kShownBytes = 200;
  return {"'" + PrintableText(text, kShownBytes) + "' " + std::string(problem) +
          "; allowed: " + std::string(allowed)};
}

}  // namespace pgsidecar::config
