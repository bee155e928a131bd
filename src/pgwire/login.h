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

enum class LoginState : std::uint8_t {
  kRunning,
  kReady,
  kRefused,
  kPlusOnly,  ///< The server offers nothing but a mechanism that was to be removed.
};

struct LoginRules {
  /// Remove SCRAM-SHA-256-PLUS from the server's offer: the client's leg is plaintext, so a client
  /// cannot bind to a certificate, and one that saw the offer would take it for an attack.
  bool strip_plus = false;
  /// Keep everything from AuthenticationOk on until Release: the client must not learn that it is
  /// in before the server's role is known.
  bool hold = false;
};

/// Reads the server's side of a login, up to and with the first ReadyForQuery, and says what of it
/// may go to the client: whole messages only. Sans-IO, bytes may be cut anywhere. Unlike a
/// Conversation it fails closed: a body above 64 KiB, an impossible length, an unknown type, or
/// more than 64 KiB to hold is kRefused. Loop thread only.
///
/// Protocol: PostgreSQL manual, "Start-up" and "SASL Authentication".
class Login {
 public:
  explicit Login(LoginSink& sink, const LoginRules& rules = {}) : sink_(sink), rules_(rules) {}

  struct Progress {
    LoginState state = LoginState::kRunning;
    std::size_t consumed = 0;  ///< kReady: bytes up to the end of ReadyForQuery; else all.
  };
  Progress Feed(std::string_view bytes);

  /// Takes what may go to the client now, in order; whole messages.
  std::string TakeOutput();
  /// What is held may go, too, and nothing is held any more.
  void Release();

  char ready_status() const { return ready_status_; }  ///< kReady: status byte of ReadyForQuery.
  bool authenticated() const { return authenticated_; }
  bool failed() const { return failed_; }                ///< The server sent an ErrorResponse.
  bool plus_offered() const { return plus_offered_; }    ///< The server can bind to a channel.
  bool plus_stripped() const { return plus_stripped_; }  ///< Its offer was changed.

 private:
  LoginState Handle(char type, std::string_view body);
  LoginState HandleAuthentication(std::string_view body);
  LoginState HandleSaslOffer(std::string_view mechanisms);

  LoginSink& sink_;
  LoginRules rules_;
  std::string buffer_;  ///< The incomplete message; at most 64 KiB and a header.
  std::string output_;  ///< May go to the client.
  std::string held_;    ///< Must wait for Release.
  char ready_status_ = 'I';
  bool authenticated_ = false;
  bool failed_ = false;
  bool plus_offered_ = false;
  bool plus_stripped_ = false;
  LoginState state_ = LoginState::kRunning;
};

}  // namespace pgsidecar::pgwire
