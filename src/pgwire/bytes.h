#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgsidecar::pgwire {

/// A big-endian integer, as the protocol sends it. Requires: four bytes at `p`.
inline std::uint32_t ReadUint32(const char* p) {
  const auto* b = reinterpret_cast<const unsigned char*>(p);
  return static_cast<std::uint32_t>(b[0]) << 24 | static_cast<std::uint32_t>(b[1]) << 16 |
         static_cast<std::uint32_t>(b[2]) << 8 | b[3];
}

/// Appends a big-endian integer.
inline void AppendUint32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

/// Takes a zero-terminated string off the front; without a zero, all that is left.
inline std::string_view TakeString(std::string_view& bytes) {
  const std::size_t end = bytes.find('\0');
  const std::string_view text = bytes.substr(0, end);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  return text;
}

}  // namespace pgsidecar::pgwire
