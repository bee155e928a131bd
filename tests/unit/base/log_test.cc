#include "base/log.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ringbuffer_sink.h>

#include <chrono>

namespace pgsidecar {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

const system_clock::time_point kTime{milliseconds(1'769'860'800'123)};

TEST(FormatLogLine, WritesText) {
  EXPECT_EQ(FormatLogLine(LogFormat::kText, LogLevel::kInfo, "started", kTime),
            "2026-01-31T12:00:00.123Z info started\n");
}

TEST(FormatLogLine, WritesJson) {
  EXPECT_EQ(FormatLogLine(LogFormat::kJson, LogLevel::kWarning, R"(a "b" \c)", kTime),
            R"({"time":"2026-01-31T12:00:00.123Z","level":"warning","message":"a \"b\" \\c"})"
            "\n");
}

TEST(FormatLogLine, CannotBeBrokenByTheMessage) {
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    const std::string line =
        FormatLogLine(format, LogLevel::kError, "x\nfake line\r\x1B[31m\xFF", kTime);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_EQ(line.find('\x1B'), std::string::npos);
    EXPECT_EQ(line.find('\xFF'), std::string::npos);
  }
}

TEST(FormatLogLine, CutsLongMessages) {
  EXPECT_LT(
      FormatLogLine(LogFormat::kText, LogLevel::kInfo, std::string(100'000, 'x'), kTime).size(),
      std::size_t{4'200});
}

/// What stderr got while a Log with `options` lived and `write` ran.
template <class Write>
std::string Captured(const LogOptions& options, const Write& write) {
  testing::internal::CaptureStderr();
  {
    const Log log(options);
    write();
  }
  return testing::internal::GetCapturedStderr();
}

TEST(Log, WritesWhatIsQueuedBeforeItEnds) {
  const std::string text = Captured({}, [] {
    for (int i = 0; i < 1000; ++i) spdlog::info("line {}", i);
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1000);
  EXPECT_NE(text.find("line 999"), std::string::npos);
}

TEST(Log, LeavesOutWhatIsLessSevereThanTheLevel) {
  const LogLevel levels[] = {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning,
                             LogLevel::kError};
  std::ptrdiff_t expected = 4;
  for (const LogLevel level : levels) {
    const std::string text = Captured({level, LogFormat::kText}, [] {
      spdlog::debug("one");
      spdlog::info("two");
      spdlog::warn("three");
      spdlog::error("four");
    });
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), expected--);
  }
}

TEST(Log, NamesEveryLevel) {
  const std::string text = Captured({LogLevel::kDebug, LogFormat::kJson}, [] {
    spdlog::debug("a");
    spdlog::warn("b");
    spdlog::critical("c");
  });
  EXPECT_NE(text.find(R"("level":"debug","message":"a")"), std::string::npos);
  EXPECT_NE(text.find(R"("level":"warning","message":"b")"), std::string::npos);
  EXPECT_NE(text.find(R"("level":"error","message":"c")"), std::string::npos);
}

TEST(Log, GivesOtherSinksTheSameLines) {
  const auto ring = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(8);
  testing::internal::CaptureStderr();
  {
    const Log log({}, {ring});
    spdlog::debug("not this");
    spdlog::info("this");
    EXPECT_EQ(log.dropped(), 0U);
  }
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(ring->last_raw().size(), 1U);
}

TEST(Log, ItsLevelCanChange) {
  const auto ring = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(8);
  testing::internal::CaptureStderr();
  {
    Log log({}, {ring});
    log.SetLevel(LogLevel::kError);
    spdlog::warn("not this");
    log.SetLevel(LogLevel::kDebug);
    spdlog::debug("this");
  }
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(ring->last_formatted().size(), 1U);
}

TEST(Log, AfterItsEndLinesAreLostQuietly) {
  testing::internal::CaptureStderr();
  { const Log log({}); }
  spdlog::error("late");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace pgsidecar
