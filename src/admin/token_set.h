#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "admin/options.h"
#include "base/result.h"

namespace pgsidecar::admin {

constexpr std::size_t kTokenBytesMin = 32;
constexpr std::size_t kTokenBytesMax = 4096;
constexpr std::string_view kTokensAllowed =
    "one or two tokens, one per line, each of 32 to 4096 printable ASCII characters without spaces";

/// Whether two texts are the same. Takes as long for a pair that differs in the first byte, or only
/// in length, as for an equal one of the longer length.
bool SameBytes(std::string_view a, std::string_view b);

/// Checks what a file of tokens holds. The error names the line and the rule it breaks, never a
/// token.
Status CheckTokens(std::string_view text);

/// The tokens that let a caller in: none, one, or two while one replaces the other. Never changed
/// after Load, so thread-safe.
class TokenSet {
 public:
  /// No token lets anybody in.
  TokenSet() = default;
  /// Reads `options.token_file`, or takes `options.token` if that is empty. The error names the
  /// file and the rule it breaks, never a token.
  static Result<TokenSet> Load(const AdminOptions& options);

  bool empty() const { return padded_.empty(); }
  /// Whether `candidate` is one of the tokens. The time it takes tells nothing about them.
  bool Contains(std::string_view candidate) const;
  /// Whether every account of this machine can read the file.
  bool world_readable() const { return world_readable_; }

 private:
  void Add(std::string_view text);

  std::vector<std::string> padded_;  ///< Each filled up to kTokenBytesMax.
  bool world_readable_ = false;
};

}  // namespace pgsidecar::admin
