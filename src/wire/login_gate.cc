#include "wire/login_gate.h"

#include <algorithm>

namespace pgsidecar::wire {
namespace {

constexpr std::uint32_t kHeaderBytes = 5;
constexpr std::uint32_t kBodyMax = 64 * 1024;

}  // namespace

LoginGate::Answer LoginGate::Feed(std::string_view bytes) {
  Answer answer;
  while (answer.passed < bytes.size()) {
    if (body_left_ > 0) {
      const std::size_t taken = std::min<std::size_t>(body_left_, bytes.size() - answer.passed);
      body_left_ -= static_cast<std::uint32_t>(taken);
      answer.passed += taken;
      continue;
    }
    const char next = bytes[answer.passed];
    if (header_bytes_ == 0) {
      if (next != 'p') return answer;
      length_ = 0;
    } else {
      length_ = length_ << 8 | static_cast<unsigned char>(next);
    }
    ++answer.passed;
    if (++header_bytes_ < kHeaderBytes) continue;
    header_bytes_ = 0;
    if (length_ < 4 || length_ - 4 > kBodyMax) {
      answer.refused = true;
      return answer;
    }
    body_left_ = length_ - 4;
  }
  return answer;
}

}  // namespace pgsidecar::wire
