#include "wire/login_gate.h"

#include <gtest/gtest.h>

#include <string>

namespace pgsidecar::wire {
namespace {

std::string Message(char type, std::uint32_t length, std::string_view body) {
  std::string out(1, type);
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(length >> shift & 0xFF);
  return out.append(body);
}

std::string Password(std::string_view body) {
  return Message('p', static_cast<std::uint32_t>(4 + body.size()), body);
}

TEST(LoginGate, PassesAuthenticationAndHoldsTheRest) {
  const std::string allowed = Password("secret") + Password("");
  const std::string all = allowed + Message('Q', 6, "x");
  LoginGate gate;
  const LoginGate::Answer answer = gate.Feed(all);
  EXPECT_EQ(answer.passed, allowed.size());
  EXPECT_FALSE(answer.refused);
  EXPECT_EQ(gate.Feed(std::string_view(all).substr(answer.passed)).passed, 0U) << "still held";
}

TEST(LoginGate, AnySplitGivesTheSameAnswer) {
  const std::string allowed = Password("secret") + Password(std::string(70, 'p'));
  const std::string all = allowed + "X";
  for (std::size_t split = 0; split <= all.size(); ++split) {
    LoginGate gate;
    const std::size_t first = gate.Feed(std::string_view(all).substr(0, split)).passed;
    const std::size_t second = gate.Feed(std::string_view(all).substr(first)).passed;
    EXPECT_EQ(first + second, allowed.size()) << split;
  }
}

TEST(LoginGate, RefusesImpossibleAndOversizedLengths) {
  for (const std::uint32_t length : {0U, 3U, 65'541U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
    LoginGate gate;
    EXPECT_TRUE(gate.Feed(Message('p', length, "")).refused) << length;
  }
  LoginGate gate;
  EXPECT_FALSE(gate.Feed(Message('p', 65'540, "")).refused);
}

}  // namespace
}  // namespace pgsidecar::wire
