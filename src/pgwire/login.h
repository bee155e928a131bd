#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pgwire/conversation.h"

namespace pgsidecar::pgwire {

/// What the server said during authentication.
class LoginSink {
 public:
  virtual ~LoginSink() = default;
  virtual void OnAuthenticationOk() = 0;
  virtual void OnLoginError(const SqlstateText& sqlstate) = 0;
  virtual void OnParameterStatus(std::string_view name, std::string_view value) = 0;
  /// Process id and secret, as sent: 4 + 4..256 bytes.
  virtual void OnBackendKey(std::string_view key) = 0;
};

enum class LoginState : std::uint8_t { kRunning, kReady, kRefused };

/// Reads the server's side of a login, up to and with the first ReadyForQuery. Sans-IO, bytes may
/// be cut anywhere. Unlike a Conversation it fails closed: a body above 64 KiB, an impossible
/// length or an unknown type is kRefused. Loop thread only.
class Login {
 public:
  explicit Login(LoginSink& sink) : sink_(sink) {}

  struct Progress {
    LoginState state = LoginState::kRunning;
    std::size_t consumed = 0;  ///< kReady: bytes up to the end of ReadyForQuery; else all.
  };
  Progress Feed(std::string_view bytes);

  char ready_status() const { return ready_status_; }  ///< kReady: status byte of ReadyForQuery.
  bool authenticated() const { return authenticated_; }
  bool at_boundary() const { return buffer_.empty(); }

 private:
  LoginState Handle(char type, std::string_view body);

  LoginSink& sink_;
  std::string buffer_;  ///< The incomplete message; at most 64 KiB and a header.
  char ready_status_ = 'I';
  bool authenticated_ = false;
  LoginState state_ = LoginState::kRunning;
};

}  // namespace pgsidecar::pgwire
