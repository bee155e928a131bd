#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgsidecar::metrics {

/// `text` as a gzip member (RFC 1952) of the fastest level; nothing if zlib has no memory.
std::optional<std::string> Gzip(std::string_view text);

}  // namespace pgsidecar::metrics
