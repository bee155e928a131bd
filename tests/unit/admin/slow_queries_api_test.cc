#include "admin/slow_queries_api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pgsidecar::admin {
namespace {

using nlohmann::json;

constexpr Nanos kNoon = 1'800'000'000 * kNanosPerSecond;  // 2027-01-15T08:00:00Z

metrics::SlowLog::View View() {
  metrics::SlowLog::View view;
  for (const char* fingerprint : {"new", "old"}) {
    metrics::SlowEvent event;
    event.unix_time = kNoon - (fingerprint[0] == 'o' ? kNanosPerSecond : 0);
    event.fingerprint = fingerprint;
    view.recent.push_back(event);
  }
  view.running.emplace_back();
  view.running[0].kind = metrics::SlowEventKind::kRunning;
  view.running[0].query = std::string("\xff\"\\</script>", 12);
  return view;
}

std::size_t RecentSince(const std::string& since) {
  return json::parse(SlowQueriesAnswer("since=" + since, View(), 1).body)["recent"].size();
}

TEST(SlowQueriesApi, ShowsRunningAndRecent) {
  const Response answer = SlowQueriesAnswer("", View(), 0.25);
  EXPECT_EQ(answer.status, 200);
  const json body = json::parse(answer.body);
  EXPECT_EQ(body["threshold_seconds"], 0.25);
  ASSERT_EQ(body["running"].size(), 1U);
  EXPECT_EQ(body["running"][0]["event"], "running");
  ASSERT_EQ(body["recent"].size(), 2U);
  EXPECT_EQ(body["recent"][0]["fingerprint"], "new");
}

TEST(SlowQueriesApi, LeavesOutWhatIsOlderThanSince) {
  EXPECT_EQ(RecentSince("2027-01-15T08:00:00Z"), 1U);
  EXPECT_EQ(RecentSince("2027-01-15T09:00:00+01:00"), 1U);
  EXPECT_EQ(RecentSince("2027-01-15T09:00:00%2B01:00"), 1U);
  EXPECT_EQ(RecentSince("1799999999"), 2U);
  EXPECT_EQ(RecentSince("1800000001"), 0U);
}

TEST(SlowQueriesApi, NamesABadMoment) {
  const Response answer = SlowQueriesAnswer("since=yesterday", View(), 1);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(json::parse(answer.body)["detail"],
            "since is \"yesterday\"; allowed: seconds since 1970, or a time like "
            "2026-11-23T15:00:00Z");
  EXPECT_EQ(SlowQueriesAnswer("until=1", View(), 1).status, 400);
}

}  // namespace
}  // namespace pgsidecar::admin
