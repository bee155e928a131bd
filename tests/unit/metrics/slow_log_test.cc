#include "metrics/slow_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/unique_fd.h"
#include "metrics/self_metrics.h"
#include "metrics/slow_log_metrics.h"

namespace pgsidecar::metrics {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Nanos kNoon = 1'800'000'000'000'000'000;  // 2027-01-15T08:00:00Z

class FakeClock final : public Clock {
 public:
  Nanos Now() const override { return now_; }
  Nanos UnixNow() const override { return kNoon + now_; }
  void Advance(Nanos by) { now_ += by; }

 private:
  std::atomic<Nanos> now_{0};
};

class SlowLogTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/slow_log_test_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
    options_.path = directory_ + "/slow.log";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<SlowLog> Open() {
    auto log = SlowLog::Open(options_, registry_, clock_);
    EXPECT_TRUE(log.ok()) << log.error().message;
    return std::move(log).value();
  }
  std::vector<json> Lines() const {
    std::ifstream file(options_.path);
    std::vector<json> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line));
    return lines;
  }
  double Entries(std::string_view event) {
    return registry_.AddCounter(kSlowLogEntries, {event}).Value();
  }
  double Suppressed() { return registry_.AddCounter(kSlowLogSuppressed).Value(); }
  double Drops() { return registry_.AddCounter(kEventsDroppedTotal, {"slow_log"}).Value(); }
  double Failures() { return registry_.AddCounter(kInternalErrorsTotal, {"metrics"}).Value(); }

  std::string directory_;
  SlowLogOptions options_;
  FakeClock clock_;
  Registry registry_{1.0};
};

SlowEvent Event(std::string_view fingerprint) {
  SlowEvent event;
  event.unix_time = kNoon + 123'456'789;
  event.duration_s = 1.5;
  event.fingerprint = fingerprint;
  return event;
}

TEST(SlowEventJson, HasEveryFieldOfAFinishedStatement) {
  SlowEvent event = Event("00112233aabbccdd");
  event.first_byte_s = 1.4;
  event.client_stall_s = 0.25;
  event.shared = 2;
  event.operation = "SELECT users";
  event.command = "SELECT";
  event.summary = "SELECT users";
  event.query = "SELECT * FROM users WHERE id = $1";
  event.rows = 3;
  event.bytes = 4096;
  event.sqlstate = "57014";
  event.tx = 'T';
  event.extended = true;
  event.datname = "app";
  event.user = "web";
  event.application_name = "shop";
  event.client = "10.0.0.1:4711";
  event.upstream = "db:5432";
  event.session = 42;
  event.trace_id = "0af7651916cd43dd8448eb211c80319c";
  event.span_id = "b7ad6b7169203331";
  EXPECT_EQ(ToJson(event, 7),
            R"({"ts":"2027-01-15T08:00:00.123Z","event":"slow","duration_s":1.5,)"
            R"("first_byte_s":1.4,"client_stall_s":0.25,"shared":2,)"
            R"("fingerprint":"00112233aabbccdd","operation":"SELECT users","command":"SELECT",)"
            R"("summary":"SELECT users","query":"SELECT * FROM users WHERE id = $1","rows":3,)"
            R"("bytes":4096,"sqlstate":"57014","tx":"T","protocol":"extended","datname":"app",)"
            R"("user":"web","application_name":"shop","client":"10.0.0.1:4711",)"
            R"("upstream":"db:5432","session":42,"trace_id":"0af7651916cd43dd8448eb211c80319c",)"
            R"("span_id":"b7ad6b7169203331","suppressed":7})");
}

TEST(SlowEventJson, LeavesOutWhatIsNotKnown) {
  const json line = json::parse(ToJson(Event("f"), 0));
  for (const char* key : {"first_byte_s", "sqlstate", "trace_id", "span_id", "suppressed", "query",
                          "fingerprints", "user"}) {
    EXPECT_FALSE(line.contains(key)) << key;
  }
}

TEST(SlowEventJson, NamesTheStatementsOfAGroup) {
  SlowEvent event = Event("");
  event.kind = SlowEventKind::kSlowGroup;
  event.group_fingerprints = {"a", "b"};
  const json line = json::parse(ToJson(event, 0));
  EXPECT_EQ(line["event"], "slow_group");
  EXPECT_EQ(line["fingerprints"], json({"a", "b"}));
}

TEST(SlowEventJson, ShowsThePlanAsAMember) {
  SlowEvent event = Event("f");
  event.plan = std::make_shared<QueryPlan>(QueryPlan{R"({"Plan":{"Node Type":"Result"}})"});
  EXPECT_EQ(json::parse(ToJson(event, 3))["plan"]["Plan"]["Node Type"], "Result");
  EXPECT_EQ(json::parse(ToJson(event, 3))["suppressed"], 3);
  event.plan = std::make_shared<QueryPlan>(QueryPlan{R"("{\"Plan")", true});
  EXPECT_EQ(json::parse(ToJson(event, 0))["plan_cut"], R"({"Plan)");
  EXPECT_FALSE(json::parse(ToJson(event, 0)).contains("plan"));
}

TEST(SlowEventJson, OfAPlanHasTheStatementOnly) {
  SlowEvent event = Event("f");
  event.kind = SlowEventKind::kPlan;
  event.operation = "SELECT users";
  event.command = "SELECT";
  event.datname = "app";
  event.user = "web";
  event.plan = std::make_shared<QueryPlan>(QueryPlan{"[1]"});
  EXPECT_EQ(ToJson(event, 0),
            R"({"ts":"2027-01-15T08:00:00.123Z","event":"plan","fingerprint":"f",)"
            R"("operation":"SELECT users","command":"SELECT","datname":"app","plan":[1]})");
}

TEST(SlowEventJson, SurvivesHostileText) {
  SlowEvent event = Event("f");
  const std::string hostile = std::string("\xff\xc0\x80\"\\\n\r\x1b[31m\0<", 14) + "\xe2\x28";
  for (std::string* text : {&event.operation, &event.command, &event.summary, &event.query,
                            &event.datname, &event.user, &event.application_name, &event.client,
                            &event.upstream, &event.sqlstate, &event.trace_id, &event.span_id}) {
    *text = hostile;
  }
  event.tx = '\xff';
  const std::string line = ToJson(event, 0);
  const json parsed = json::parse(line);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_THAT(parsed["user"].get<std::string>(), HasSubstr("\xEF\xBF\xBD"));
}

TEST(SlowEventJson, CutsLongTexts) {
  SlowEvent event = Event("f");
  event.query.assign(100'000, 'q');
  event.application_name.assign(1000, 'a');
  const json line = json::parse(ToJson(event, 0));
  EXPECT_EQ(line["query"].get<std::string>().size(), 2048U);
  EXPECT_EQ(line["application_name"].get<std::string>().size(), 64U);
}

TEST(SlowEventJson, SpellsAClockBeforeTheEpochAsTheEpoch) {
  SlowEvent event = Event("f");
  event.unix_time = -5;
  EXPECT_EQ(json::parse(ToJson(event, 0))["ts"], "1970-01-01T00:00:00.000Z");
}

TEST_F(SlowLogTest, WritesWhatWasSubmittedBeforeItEnds) {
  {
    auto log = Open();
    log->Submit(Event("a"));
    SlowEvent running = Event("b");
    running.kind = SlowEventKind::kRunning;
    log->Submit(running);
  }
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["fingerprint"], "a");
  EXPECT_EQ(lines[1]["event"], "running");
  EXPECT_EQ(Entries("slow"), 1);
  EXPECT_EQ(Entries("running"), 1);
  EXPECT_EQ(Entries("slow_group"), 0);
}

TEST_F(SlowLogTest, AppendsToAnExistingFile) {
  Open()->Submit(Event("a"));
  Open()->Submit(Event("b"));
  EXPECT_EQ(Lines().size(), 2U);
  struct stat file {};
  ASSERT_EQ(stat(options_.path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07, 0U) << "readable by others";
}

TEST_F(SlowLogTest, NamesAPathThatCannotBeOpened) {
  options_.path = directory_ + "/missing/slow.log";
  const auto log = SlowLog::Open(options_, registry_, clock_);
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().message,
            "cannot open the slow query log " + options_.path + ": No such file or directory");
}

TEST_F(SlowLogTest, LimitsTheRateAndSaysHowManyLinesAreMissing) {
  options_.rate = 1;
  options_.burst = 2;
  {
    auto log = Open();
    for (int i = 0; i < 5; ++i) log->Submit(Event("early"));
    clock_.Advance(kNanosPerSecond);
    log->Submit(Event("late"));
    log->Submit(Event("too many"));
    EXPECT_EQ(log->Snapshot().recent.size(), 7U) << "the API is not rate limited";
  }
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_FALSE(lines[1].contains("suppressed"));
  EXPECT_EQ(lines[2]["fingerprint"], "late");
  EXPECT_EQ(lines[2]["suppressed"], 3);
  EXPECT_EQ(Suppressed(), 4);
}

TEST_F(SlowLogTest, CountsLinesThatADiskRefuses) {
  options_.path = "/dev/full";
  {
    auto log = Open();
    log->Submit(Event("a"));
    log->Submit(Event("b"));
  }
  EXPECT_EQ(Failures(), 2);
  EXPECT_EQ(Entries("slow"), 0);
}

TEST_F(SlowLogTest, NeverWaitsForAReaderAndCountsDrops) {
  ASSERT_EQ(mkfifo(options_.path.c_str(), 0600), 0);
  const UniqueFd reader(open(options_.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  options_.burst = 10'000;
  constexpr int kEvents = 6000;  // More than a pipe and the queue hold.
  const auto start = std::chrono::steady_clock::now();
  {
    auto log = Open();
    SlowEvent event = Event("f");
    event.query.assign(2048, 'q');
    for (int i = 0; i < kEvents; ++i) log->Submit(event);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
    EXPECT_GT(Drops(), 0);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
  EXPECT_EQ(Entries("slow") + Drops() + Failures(), kEvents) << "every event is accounted for";
}

TEST_F(SlowLogTest, KeepsLinesApartAfterOneWasCutShort) {
  ASSERT_EQ(mkfifo(options_.path.c_str(), 0600), 0);
  UniqueFd reader(open(options_.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  constexpr int kPipeBytes = 4096;
  ASSERT_GE(fcntl(reader.get(), F_SETPIPE_SZ, kPipeBytes), 0);
  auto log = Open();
  SlowEvent big = Event("big");
  big.query.assign(2048, '"');  // Doubled by escaping: longer than the pipe.
  log->Submit(big);
  while (Failures() < 1) std::this_thread::yield();
  std::string text(65536, '\0');
  std::string all;
  const auto read_all = [&] {
    for (ssize_t n; (n = read(reader.get(), text.data(), text.size())) > 0;) {
      all.append(text.data(), static_cast<std::size_t>(n));
    }
  };
  read_all();
  log->Submit(Event("next"));
  while (Entries("slow") < 1) std::this_thread::yield();
  read_all();
  const std::size_t cut = all.find('\n');
  ASSERT_NE(cut, std::string::npos);
  EXPECT_EQ(json::parse(all.substr(cut + 1))["fingerprint"], "next");
}

/// Keeps the fingerprints it was offered.
class RecordingSource final : public PlanSource {
 public:
  void Offer(const SlowEvent& event) override { offered.push_back(event.fingerprint); }
  std::vector<std::string> offered;
};

TEST_F(SlowLogTest, OffersSlowStatementsThatWereWritten) {
  RecordingSource source;
  options_.burst = 2;
  {
    auto log = Open();
    log->SetPlanSource(&source);
    SlowEvent running = Event("running");
    running.kind = SlowEventKind::kRunning;
    log->Submit(running);
    log->Submit(Event("slow"));
    log->Submit(Event("suppressed"));
  }
  EXPECT_EQ(source.offered, std::vector<std::string>{"slow"});
}

TEST_F(SlowLogTest, OffersNothingToASourceThatLeft) {
  RecordingSource source;
  {
    auto log = Open();
    log->SetPlanSource(&source);
    log->SetPlanSource(nullptr);
    log->Submit(Event("slow"));
  }
  EXPECT_TRUE(source.offered.empty());
}

TEST_F(SlowLogTest, WritesAPlanPastTheRateLimitAndAddsItToItsStatement) {
  options_.burst = 1;
  {
    auto log = Open();
    SlowEvent explained = Event("a");
    explained.datname = "app";
    SlowEvent elsewhere = explained;
    elsewhere.datname = "other";
    log->Submit(elsewhere);
    log->Submit(explained);
    log->AddPlan(explained, QueryPlan{"{}"});
    const SlowLog::View view = log->Snapshot();
    ASSERT_EQ(view.recent.size(), 2U) << "a plan is no event of its own there";
    EXPECT_NE(view.recent[0].plan, nullptr);
    EXPECT_EQ(view.recent[1].plan, nullptr);
  }
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1]["event"], "plan");
  EXPECT_EQ(Entries("plan"), 1);
}

TEST_F(SlowLogTest, RemembersTheNewest200) {
  options_.burst = 1000;
  auto log = Open();
  for (int i = 0; i < 250; ++i) log->Submit(Event(std::to_string(i)));
  const SlowLog::View view = log->Snapshot();
  ASSERT_EQ(view.recent.size(), 200U);
  EXPECT_EQ(view.recent.front().fingerprint, "249");
  EXPECT_EQ(view.recent.back().fingerprint, "50");
}

TEST_F(SlowLogTest, ShowsWhatRunsInEveryLoopOldestFirst) {
  auto log = Open();
  SlowEvent old = Event("old");
  old.duration_s = 9;
  log->SetRunning(0, {Event("young")});
  log->SetRunning(1, {Event("gone")});
  log->SetRunning(1, {old});
  const SlowLog::View view = log->Snapshot();
  ASSERT_EQ(view.running.size(), 2U);
  EXPECT_EQ(view.running[0].fingerprint, "old");
  EXPECT_EQ(view.running[1].fingerprint, "young");
  log->SetRunning(1, {});
  EXPECT_EQ(log->Snapshot().running.size(), 1U);
}

TEST_F(SlowLogTest, IsSafeFromManyThreads) {
  options_.burst = 100'000;
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  {
    auto log = Open();
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&log, t] {
        for (int i = 0; i < kEach; ++i) {
          log->Submit(Event("f"));
          log->SetRunning(static_cast<std::size_t>(t), {Event("r")});
          if (i % 50 == 0) {
            EXPECT_LE(log->Snapshot().recent.size(), 200U);
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(Entries("slow") + Drops(), kThreads * kEach);
  EXPECT_EQ(Lines().size(), static_cast<std::size_t>(Entries("slow")));
}

}  // namespace
}  // namespace pgsidecar::metrics
