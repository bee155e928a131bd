#include "app/signals.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <thread>

namespace pgsidecar::app {
namespace {

constexpr std::chrono::milliseconds kLong{10'000};

/// Signals go to the thread that raises them: the test's own.
TEST(Signals, BecomeEvents) {
  Signals signals;
  EXPECT_EQ(signals.Wait(std::chrono::milliseconds(0)), Event::kTimeout);
  for (const int signal : {SIGTERM, SIGINT}) {
    std::raise(signal);
    EXPECT_EQ(signals.Wait(kLong), Event::kTerminate);
  }
  std::raise(SIGHUP);
  EXPECT_EQ(signals.Wait(kLong), Event::kHangUp);
  EXPECT_EQ(signals.Wait(std::chrono::milliseconds(0)), Event::kTimeout);
}

TEST(Signals, ANotifyWakesTheWaiter) {
  Signals signals;
  std::thread other([&] { signals.Notify(); });
  EXPECT_EQ(signals.Wait(kLong), Event::kNotified);
  other.join();
  EXPECT_EQ(signals.Wait(std::chrono::milliseconds(0)), Event::kTimeout);
}

TEST(Signals, WritingToAClosedSocketIsOnlyAnError) {
  const Signals signals;
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  close(pair[0]);
  EXPECT_EQ(write(pair[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(pair[1]);
}

}  // namespace
}  // namespace pgsidecar::app
