#include "app/health.h"

#include <gtest/gtest.h>

namespace pgsidecar::app {
namespace {

constexpr Nanos kSecond = kNanosPerSecond;

TEST(Liveness, FollowsTheTick) {
  const wire::WireHealth wire{
      .upstream_reached = false, .draining = false, .last_tick = 100 * kSecond};
  EXPECT_TRUE(Liveness(wire, 0, 105 * kSecond).ok);
  const admin::Health late = Liveness(wire, 0, 105 * kSecond + 1);
  EXPECT_FALSE(late.ok);
  EXPECT_EQ(late.reason, "the event loop has not ticked for 5 s; allowed: 5 s");
}

TEST(Liveness, GivesTheFirstTickTime) {
  const wire::WireHealth wire;
  EXPECT_TRUE(Liveness(wire, 100 * kSecond, 104 * kSecond).ok);
  EXPECT_FALSE(Liveness(wire, 100 * kSecond, 106 * kSecond).ok);
}

TEST(Readiness, TakesAnUpstreamThatWasReachedAndNoDrain) {
  constexpr std::string_view kUpstream = "db:6000";
  EXPECT_EQ(Readiness({false, false, 0}, kUpstream).reason,
            "PostgreSQL at db:6000 has not been reached yet");
  EXPECT_TRUE(Readiness({true, false, 0}, kUpstream).ok);
  EXPECT_EQ(Readiness({true, true, 0}, kUpstream).reason, "draining");
  EXPECT_EQ(Readiness({false, true, 0}, kUpstream).reason, "draining");
}

}  // namespace
}  // namespace pgsidecar::app
