#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::admin {

/// Why `9432s`, the library's spelling of a port with TLS, is refused.
constexpr std::string_view kNoTls =
    "ends in s, for TLS, which this listener does not have, as the library it uses crashes with "
    "OpenSSL 3";

/// Which calls need a token when there is one. Probes never do.
enum class TokenScope : std::uint8_t { kMutating, kAll };

struct AdminOptions {
  std::string listen = "127.0.0.1:9432";
  /// Whether `listen` may be another address than loopback although there is no token and everybody
  /// may then read. Checked when the configuration is loaded.
  bool allow_unauthenticated = false;
  /// Absolute path of a file of tokens, or empty. Wins over `token`.
  std::string token_file = {};
  /// Secret: what could stand in such a file, or empty.
  std::string token = {};
  TokenScope token_scope = TokenScope::kMutating;
  /// Names in Host that are ours, without port.
  std::vector<std::string> hosts = {};
};

}  // namespace pgsidecar::admin
