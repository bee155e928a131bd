#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/message.h"
#include "admin/options.h"
#include "admin/token_set.h"

namespace pgsidecar::admin {

/// How a route is kept from those who may not call it.
enum class Guard : std::uint8_t {
  kProbe,     ///< Never asks for a token.
  kRead,      ///< Asks for one only when the scope is all.
  kMutating,  ///< Always asks for one; without any it is open on a loopback listener only.
};

/// Who may call what on the admin listener. Never changed, so thread-safe.
class Access {
 public:
  /// `loopback`: only this machine reaches the listener.
  Access(const AdminOptions& options, TokenSet tokens, bool loopback);

  /// The answer to a request that a web page made somebody's browser send, or whose Host leaves
  /// doubt about that (RFC 9112 section 3.2); nothing if it is none.
  std::optional<Response> RefuseStranger(const Request& request, Guard guard) const;
  /// The answer to a caller who lacks the token that is needed (RFC 6750); nothing if it is there.
  std::optional<Response> RefuseCaller(const Request& request, Guard guard) const;

 private:
  bool IsOurName(std::string_view host) const;
  bool AsksForToken(Guard guard) const;

  const TokenSet tokens_;
  const TokenScope scope_;
  const std::vector<std::string> hosts_;
  const bool loopback_;
};

}  // namespace pgsidecar::admin
