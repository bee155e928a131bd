#include "net/event_loop.h"

#include <thread>
#include <vector>

#include "unit/net/loop_fixture.h"

namespace pgsidecar::net {
namespace {

using std::chrono::milliseconds;

class EventLoopTest : public LoopTest {};

struct CountingHandler : FdHandler {
  void OnReadable() override { ++readable; }
  void OnWritable() override { ++writable; }
  int readable = 0;
  int writable = 0;
};

TEST_F(EventLoopTest, RunsWorkOfOtherThreadsInOrder) {
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) {
      loop_.Post([&seen, i] { seen.push_back(i); });
    }
  });
  RunUntil([&] { return seen.size() == 100; });
  other.join();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST_F(EventLoopTest, TimerIsDueOnceAndOnlyIfNotStopped) {
  int due = 0;
  int stopped = 0;
  bool end = false;
  Timer once(loop_, [&] { ++due; });
  Timer never(loop_, [&] { ++stopped; });
  Timer last(loop_, [&] { end = true; });
  once.Start(milliseconds(1));
  never.Start(milliseconds(1));
  never.Stop();
  last.Start(milliseconds(20));
  RunUntil([&] { return end; });
  EXPECT_EQ(due, 1);
  EXPECT_EQ(stopped, 0);
}

TEST_F(EventLoopTest, WatcherReportsOnlyWhatIsOn) {
  auto [a, b] = SocketPair();
  CountingHandler handler;
  FdWatcher watcher(loop_, handler);
  watcher.Attach(a.get());
  ASSERT_EQ(::send(b.get(), "x", 1, 0), 1);

  watcher.WatchWrite(true);
  RunUntil([&] { return handler.writable > 0; });
  EXPECT_EQ(handler.readable, 0);
  watcher.WatchWrite(false);
  const int written = handler.writable;

  // (A loop runs once: the level-triggered byte is still there for a second one.)
  EventLoop second(clock_);
  FdWatcher reader(second, handler);
  reader.Attach(a.get());
  reader.WatchRead(true);
  struct Once : PassObserver {
    explicit Once(EventLoop& target) : loop(target) {}
    void OnPassEnd(Nanos) override { loop.Stop(); }
    EventLoop& loop;
  } once(second);
  second.Run(once);
  EXPECT_GT(handler.readable, 0);
  EXPECT_EQ(handler.writable, written);
}

TEST_F(EventLoopTest, DetachedWatcherIsSilentEvenWithinThePass) {
  auto [a, b] = SocketPair();
  auto [c, d] = SocketPair();
  struct Detacher : FdHandler {
    void OnReadable() override {
      ++calls;
      other->Detach();
    }
    void OnWritable() override {}
    FdWatcher* other = nullptr;
    int calls = 0;
  } first, second;
  FdWatcher one(loop_, first);
  FdWatcher two(loop_, second);
  first.other = &two;
  second.other = &one;
  one.Attach(a.get());
  two.Attach(c.get());
  one.WatchRead(true);
  two.WatchRead(true);
  ASSERT_EQ(::send(b.get(), "x", 1, 0), 1);
  ASSERT_EQ(::send(d.get(), "x", 1, 0), 1);
  RunUntil([&] { return first.calls + second.calls > 0; });
  EXPECT_EQ(std::min(first.calls, second.calls), 0);
}

TEST_F(EventLoopTest, ActivationIsOneCallInTheNextPass) {
  auto [a, b] = SocketPair();
  struct Activating : FdHandler {
    void OnReadable() override {
      ++calls;
      if (calls < 3) watcher->Activate();
    }
    void OnWritable() override {}
    FdWatcher* watcher = nullptr;
    int calls = 0;
  } handler;
  FdWatcher watcher(loop_, handler);
  handler.watcher = &watcher;
  watcher.Attach(a.get());
  watcher.WatchRead(true);
  watcher.Activate();
  watcher.Activate();
  int passes = 0;
  bool end = false;
  Timer last(loop_, [&] { end = true; });
  last.Start(milliseconds(20));
  RunUntil([&] {
    ++passes;
    EXPECT_LE(handler.calls, passes) << "others have their turn in between";
    return end;
  });
  EXPECT_EQ(handler.calls, 3);
}

TEST_F(EventLoopTest, ActivationNeedsReadingAndIsTakenBackWithIt) {
  auto [a, b] = SocketPair();
  CountingHandler handler;
  FdWatcher watcher(loop_, handler);
  watcher.Attach(a.get());
  watcher.Activate();
  watcher.WatchRead(true);
  watcher.Activate();
  watcher.WatchRead(false);
  watcher.WatchRead(true);
  bool end = false;
  Timer last(loop_, [&] { end = true; });
  last.Start(milliseconds(20));
  RunUntil([&] { return end; });
  EXPECT_EQ(handler.readable, 0);
}

TEST_F(EventLoopTest, MeasuresThePassFromTheFirstLookAtTheClock) {
  bool ran = false;
  loop_.Post([&] {
    loop_.Now();
    std::this_thread::sleep_for(milliseconds(2));
    ran = true;
  });
  RunUntil([&] { return ran; });
  EXPECT_GE(busy_, ToNanos(milliseconds(2)));
}

}  // namespace
}  // namespace pgsidecar::net
