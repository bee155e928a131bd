#include "pgwire/login.h"

#include <algorithm>

#include "pgwire/bytes.h"
#include "pgwire/error_fields.h"

namespace pgsidecar::pgwire {
namespace {

constexpr std::size_t kHeaderBytes = 5;
constexpr std::uint32_t kLoginBodyMax = 64 * 1024;
constexpr std::size_t kBackendKeyMin = 8;        // process id and a secret of 4 bytes
constexpr std::size_t kBackendKeyMax = 4 + 256;  // protocol 3.2

}  // namespace

Login::Progress Login::Feed(std::string_view bytes) {
  const std::size_t offered = bytes.size();
  while (state_ == LoginState::kRunning && !bytes.empty()) {
    std::size_t wanted = kHeaderBytes;
    if (buffer_.size() >= kHeaderBytes) wanted = 1 + std::size_t{ReadUint32(buffer_.data() + 1)};
    const std::size_t taken = std::min(bytes.size(), wanted - buffer_.size());
    buffer_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (buffer_.size() < kHeaderBytes) break;
    const std::uint32_t length = ReadUint32(buffer_.data() + 1);
    if (length < 4 || length - 4 > kLoginBodyMax) {
      state_ = LoginState::kRefused;
      break;
    }
    if (buffer_.size() < 1 + std::size_t{length}) continue;
    state_ = Handle(buffer_[0], std::string_view(buffer_).substr(kHeaderBytes));
    buffer_.clear();
  }
  if (state_ != LoginState::kRunning) std::string().swap(buffer_);
  return {state_, state_ == LoginState::kReady ? offered - bytes.size() : offered};
}

LoginState Login::Handle(char type, std::string_view body) {
  switch (type) {
    case 'R':  // Authentication…: code 0 is AuthenticationOk
      if (body.size() < 4) return LoginState::kRefused;
      if (ReadUint32(body.data()) == 0) {
        authenticated_ = true;
        sink_.OnAuthenticationOk();
      }
      return LoginState::kRunning;
    case 'E':
      sink_.OnLoginError(ReadErrorFields(body).sqlstate);
      return LoginState::kRunning;
    case 'S': {
      const std::string_view name = TakeString(body);
      sink_.OnParameterStatus(name, TakeString(body));
      return LoginState::kRunning;
    }
    case 'K':
      if (body.size() < kBackendKeyMin || body.size() > kBackendKeyMax) return LoginState::kRefused;
      sink_.OnBackendKey(body);
      return LoginState::kRunning;
    case 'Z':
      if (body.size() != 1) return LoginState::kRefused;
      ready_status_ = body[0];
      return LoginState::kReady;
    case 'N':  // NoticeResponse
    case 'v':  // NegotiateProtocolVersion
    case 'A':  // NotificationResponse
      return LoginState::kRunning;
    default:
      return LoginState::kRefused;
  }
}

}  // namespace pgsidecar::pgwire
