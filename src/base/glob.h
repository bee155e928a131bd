#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pgsidecar {

inline constexpr std::size_t kGlobBytesMax = 256;

/// One language of patterns everywhere: `*` any run of bytes, `?` one byte, `[a-z]` and `[!a-z]` a
/// class (`]` first is itself), `\` takes the next byte literally. An error for an empty pattern, a
/// longer one than kGlobBytesMax, a class or an escape that does not end.
Status CheckGlob(std::string_view pattern);

/// Whether `pattern` can match more than one text. Requires: CheckGlob(pattern).
bool HasWildcard(std::string_view pattern);

/// The one text that a pattern without a wildcard matches.
std::string UnescapeGlob(std::string_view pattern);

/// `text` with every special byte escaped: a pattern for exactly that text.
std::string EscapeGlob(std::string_view text);

/// Whether the whole of `text` matches. Iterative: at most pattern × text steps, no recursion.
/// Requires: CheckGlob(pattern).
bool GlobMatches(std::string_view pattern, std::string_view text);

}  // namespace pgsidecar
