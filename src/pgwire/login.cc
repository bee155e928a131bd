#include "pgwire/login.h"

#include <algorithm>
#include <utility>

#include "pgwire/bytes.h"
#include "pgwire/error_fields.h"

namespace pgsidecar::pgwire {
namespace {

constexpr std::size_t kHeaderBytes = 5;
constexpr std::uint32_t kLoginBodyMax = 64 * 1024;
constexpr std::size_t kHeldBytesMax = std::size_t{64} * 1024;
constexpr std::size_t kBackendKeyMin = 8;        // process id and a secret of 4 bytes
constexpr std::size_t kBackendKeyMax = 4 + 256;  // protocol 3.2

// Codes of Authentication messages (PostgreSQL manual, "Message Formats").
constexpr std::uint32_t kAuthenticationOk = 0;
constexpr std::uint32_t kAuthenticationSasl = 10;

constexpr std::string_view kPlus = "SCRAM-SHA-256-PLUS";

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
    const bool passes = state_ == LoginState::kRunning || state_ == LoginState::kReady;
    if (passes) (rules_.hold && authenticated_ ? held_ : output_) += buffer_;
    if (held_.size() > kHeldBytesMax) state_ = LoginState::kRefused;
    buffer_.clear();
  }
  if (state_ != LoginState::kRunning) std::string().swap(buffer_);
  return {state_, state_ == LoginState::kReady ? offered - bytes.size() : offered};
}

std::string Login::TakeOutput() { return std::exchange(output_, {}); }

void Login::Release() {
  rules_.hold = false;
  output_ += held_;
  std::string().swap(held_);
}

LoginState Login::Handle(char type, std::string_view body) {
  switch (type) {
    case 'R':  // Authentication…
      return HandleAuthentication(body);
    case 'E':
      failed_ = true;
      sink_.OnLoginError(ReadErrorFields(body).sqlstate);
      Release();  // The server's own refusal is the answer.
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

LoginState Login::HandleAuthentication(std::string_view body) {
  if (body.size() < 4) return LoginState::kRefused;
  const std::uint32_t code = ReadUint32(body.data());
  if (code == kAuthenticationSasl) return HandleSaslOffer(body.substr(4));
  if (code == kAuthenticationOk) {
    authenticated_ = true;
    sink_.OnAuthenticationOk();
  }
  return LoginState::kRunning;
}

/// Mechanism names, each ended by a zero byte, and one more zero byte behind the last.
LoginState Login::HandleSaslOffer(std::string_view mechanisms) {
  std::string kept;
  bool offered = false;
  while (!mechanisms.empty() && mechanisms.front() != '\0') {
    const std::string_view name = TakeString(mechanisms);
    if (name == kPlus) {
      offered = true;
    } else {
      kept.append(name) += '\0';
    }
  }
  plus_offered_ = plus_offered_ || offered;
  if (!offered || !rules_.strip_plus) return LoginState::kRunning;
  if (kept.empty()) return LoginState::kPlusOnly;
  plus_stripped_ = true;
  kept += '\0';
  std::string rewritten = "R";
  AppendUint32(rewritten, static_cast<std::uint32_t>(4 + 4 + kept.size()));
  AppendUint32(rewritten, kAuthenticationSasl);
  buffer_ = rewritten + kept;
  return LoginState::kRunning;
}

}  // namespace pgsidecar::pgwire
