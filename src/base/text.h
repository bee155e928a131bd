#pragma once

#include <string>
#include <string_view>

namespace pgsidecar {

/// `text` made fit for a label or a log line: invalid UTF-8 becomes U+FFFD, control characters
/// become spaces, and the whole is cut at a character boundary to at most `limit_bytes`.
std::string PrintableText(std::string_view text, std::size_t limit_bytes);

}  // namespace pgsidecar
