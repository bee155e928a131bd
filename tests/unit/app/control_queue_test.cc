#include "app/control_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace pgsidecar::app {
namespace {

using testing::ElementsAre;

void NoDrain() { FAIL() << "nobody asked for a drain"; }

ReloadReport NoReload() {
  ADD_FAILURE() << "nobody asked for a reload";
  return {};
}

/// Counts how often the main thread was woken, and waits for that.
class Bell {
 public:
  void Ring() { ++count_, count_.notify_all(); }
  void WaitFor(int count) {
    for (int now = count_; now < count; now = count_) count_.wait(now);
  }

 private:
  std::atomic<int> count_ = 0;
};

TEST(ControlQueue, BringsTheAnswerToWhoAsked) {
  Bell bell;
  ControlQueue queue([&] { bell.Ring(); });
  auto answer = std::async(std::launch::async, [&] { return queue.AskReload(); });
  bell.WaitFor(1);
  queue.Serve([] { return ReloadReport{{"wrong"}, {"wire.listen"}}; }, NoDrain);
  const auto report = answer.get();
  ASSERT_TRUE(report.has_value());
  EXPECT_THAT(report->errors, ElementsAre("wrong"));
  EXPECT_THAT(report->restart_needed, ElementsAre("wire.listen"));
}

TEST(ControlQueue, NobodyWaitsForAMainThreadThatIsBusy) {
  ControlQueue queue([] {}, std::chrono::milliseconds(1));
  EXPECT_FALSE(queue.AskReload().has_value());
  queue.Serve(NoReload, NoDrain);  // Who left gets no reload later.
}

TEST(ControlQueue, OnlySoManyWait) {
  Bell bell;
  ControlQueue queue([&] { bell.Ring(); });
  std::vector<std::future<std::optional<ReloadReport>>> answers;
  for (std::size_t i = 0; i < ControlQueue::kWaitingMax; ++i) {
    answers.push_back(std::async(std::launch::async, [&] { return queue.AskReload(); }));
  }
  bell.WaitFor(static_cast<int>(ControlQueue::kWaitingMax));
  EXPECT_FALSE(queue.AskReload().has_value());
  int reloads = 0;
  const auto reload = [&] {
    ++reloads;
    return ReloadReport();
  };
  queue.Serve(reload, NoDrain);
  for (auto& answer : answers) EXPECT_TRUE(answer.get().has_value());
  EXPECT_EQ(reloads, static_cast<int>(ControlQueue::kWaitingMax));
}

TEST(ControlQueue, DrainsAsOftenAsAsked) {
  int woken = 0;
  ControlQueue queue([&] { ++woken; });
  queue.AskDrain();
  queue.AskDrain();
  int drains = 0;
  queue.Serve(NoReload, [&] { ++drains; });
  EXPECT_EQ(drains, 2);
  EXPECT_EQ(woken, 2);
  queue.Serve(NoReload, [&] { ++drains; });
  EXPECT_EQ(drains, 2);
}

TEST(ControlQueue, LetsEverybodyGoWhenItCloses) {
  Bell bell;
  ControlQueue queue([&] { bell.Ring(); });
  auto answer = std::async(std::launch::async, [&] { return queue.AskReload(); });
  bell.WaitFor(1);
  queue.Close();
  EXPECT_FALSE(answer.get().has_value());
  EXPECT_FALSE(queue.AskReload().has_value());
}

}  // namespace
}  // namespace pgsidecar::app
