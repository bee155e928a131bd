#include "executor/interrupter.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace pgsidecar::executor {
namespace {

struct SocketPair {
  SocketPair() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    near.reset(ends[0]);
    far.reset(ends[1]);
  }
  /// Whether the far end reads the end of the stream.
  bool ended() const {
    char byte;
    return recv(far.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }
  UniqueFd near, far;
};

TEST(Interrupter, ShutsDownWhatItWatches) {
  Interrupter interrupter;
  SocketPair pair;
  interrupter.Watch(pair.near.get());
  EXPECT_FALSE(pair.ended());
  interrupter.Break();
  EXPECT_TRUE(pair.ended());
}

TEST(Interrupter, LetsGo) {
  Interrupter interrupter;
  SocketPair pair;
  interrupter.Watch(pair.near.get());
  interrupter.Forget();
  interrupter.Stop();
  EXPECT_FALSE(pair.ended());
}

TEST(Interrupter, ShutsDownWhatComesAfterTheStop) {
  Interrupter interrupter;
  interrupter.Stop();
  SocketPair pair;
  interrupter.Watch(pair.near.get());
  EXPECT_TRUE(pair.ended());
}

TEST(Interrupter, DoesNotTouchAnotherSocketWithTheSameNumber) {
  Interrupter interrupter;
  SocketPair pair;
  interrupter.Watch(pair.near.get());
  const int number = pair.near.get();
  SocketPair other;
  ASSERT_EQ(dup2(other.near.get(), number), number);
  interrupter.Break();
  EXPECT_FALSE(other.ended());
  EXPECT_TRUE(pair.ended());
}

}  // namespace
}  // namespace pgsidecar::executor
