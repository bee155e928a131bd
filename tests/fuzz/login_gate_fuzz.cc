// A client during its login: exactly its messages of type `p` pass, however they are cut.
#include "fuzz/require.h"
#include "pgwire/bytes.h"
#include "wire/login_gate.h"

namespace {

using pgsidecar::fuzz::Require;

struct Verdict {
  std::size_t passed = 0;
  bool refused = false;
  bool operator==(const Verdict&) const = default;
};

/// What the manual's message format says: one message after the other.
Verdict Expected(std::string_view bytes) {
  Verdict verdict;
  while (verdict.passed < bytes.size() && bytes[verdict.passed] == 'p') {
    const std::string_view rest = bytes.substr(verdict.passed);
    if (rest.size() < 5) return {bytes.size(), false};
    const std::uint32_t length = pgsidecar::pgwire::ReadUint32(rest.data() + 1);
    if (length < 4 || length > 64 * 1024 + 4) return {verdict.passed + 5, true};
    if (rest.size() - 1 < length) return {bytes.size(), false};
    verdict.passed += 1 + length;
  }
  return verdict;
}

Verdict Feed(std::string_view bytes, std::size_t piece) {
  pgsidecar::wire::LoginGate gate;
  Verdict verdict;
  while (verdict.passed < bytes.size() && !verdict.refused) {
    const std::string_view now = bytes.substr(verdict.passed, piece);
    const auto answer = gate.Feed(now);
    verdict.passed += answer.passed;
    verdict.refused = answer.refused;
    if (answer.passed < now.size()) break;
  }
  return verdict;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = pgsidecar::fuzz::Text(data, size);
  const Verdict expected = Expected(bytes);
  Require(Feed(bytes, std::string_view::npos) == expected);
  Require(Feed(bytes, 1) == expected);
  Require(Feed(bytes, 7) == expected);
  return 0;
}
