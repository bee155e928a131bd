#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "net/event_loop.h"

namespace pgsidecar::net {

/// Runs a real loop on the test's thread until a condition holds, or fails the test after 10 s.
class LoopTest : public ::testing::Test, public PassObserver {
 protected:
  void OnPassEnd(Nanos busy) override {
    busy_ += busy;
    if (done_()) loop_.Stop();
  }

  void RunUntil(std::function<bool()> done) {
    done_ = std::move(done);
    if (done_()) return;
    bool expired = false;
    Timer guard(loop_, [&] {
      expired = true;
      loop_.Stop();
    });
    guard.Start(std::chrono::seconds(10));
    loop_.Run(*this);
    EXPECT_FALSE(expired) << "the condition did not come true";
  }

  static std::pair<UniqueFd, UniqueFd> SocketPair() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
  }

  SystemClock clock_;
  EventLoop loop_{clock_};
  Nanos busy_ = 0;
  std::function<bool()> done_;
};

}  // namespace pgsidecar::net
