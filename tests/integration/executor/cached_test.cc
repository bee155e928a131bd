#include <atomic>

#include "live.h"
#include "pgsidecar/cache.h"

namespace pgsidecar::live {
namespace {

class Cached : public Live {
 protected:
  void SetUp() override {
    Live::SetUp();
    if (IsSkipped()) return;
    auto made = Telemetry::Create(telemetry_options_);
    ASSERT_TRUE(made.ok());
    telemetry_ = std::move(made).value();
    auto opened = QueryExecutor::Create(options_, *telemetry_, cache_);
    ASSERT_TRUE(opened.ok());
    executor_ = std::move(opened).value();
    ASSERT_TRUE(Run("DROP SEQUENCE IF EXISTS fetches").ok());
    ASSERT_TRUE(Run("CREATE SEQUENCE fetches").ok());
  }
  /// The number of the fetch that brought the answer.
  std::string Number(const QueryCacheOptions& options, const Parameters& parameters = {},
                     const char* sql = "SELECT nextval('fetches')") {
    const auto answer = executor_->ExecuteCached("cached", sql, parameters, options);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    if (!answer.ok() || answer.value().rows.empty()) return "none";
    last_ = answer.value().answer;
    return std::string(*answer.value().rows.Text(0, 0));
  }

  Cache cache_;
  CacheAnswer last_ = CacheAnswer::kBypass;
};

TEST_F(Cached, TheSecondCallIsAHit) {
  EXPECT_EQ(Number({.key = "a"}), "1");
  EXPECT_EQ(last_, CacheAnswer::kMiss);
  EXPECT_EQ(Number({.key = "a"}), "1");
  EXPECT_EQ(last_, CacheAnswer::kHit);
  EXPECT_EQ(Metric("operation_cache_hits_total", {"operation=\"cached\""}), 1);
  EXPECT_EQ(Metric("operation_duration_seconds_count", {"operation=\"cached\""}), 2);
  EXPECT_EQ(Metric("query_successes_total", {"command=\"SELECT\""}), 1);
}

TEST_F(Cached, AnswersKnowTheirAge) {
  Number({.key = "a"});
  std::this_thread::sleep_for(milliseconds(20));
  const auto answer =
      executor_->ExecuteCached("cached", "SELECT nextval('fetches')", {}, {.key = "a"});
  ASSERT_TRUE(answer.ok());
  EXPECT_GE(answer.value().age, milliseconds(20));
  EXPECT_GT(answer.value().ttl, seconds(200));
}

TEST_F(Cached, ParametersAndStatementsAreApartUnderOneName) {
  const char* sql = "SELECT nextval('fetches'), $1::text, $2::text";
  EXPECT_EQ(Number({.key = "k"}, Parameters("a", "bc"), sql), "1");
  EXPECT_EQ(Number({.key = "k"}, Parameters("ab", "c"), sql), "2");
  EXPECT_EQ(Number({.key = "k"}, Parameters(nullptr, "N"), sql), "3");
  EXPECT_EQ(Number({.key = "k"}, Parameters("N", nullptr), sql), "4");
  EXPECT_EQ(Number({.key = "k"}), "5");
  EXPECT_EQ(Number({.key = "k"}, Parameters("a", "bc"), sql), "1");
}

TEST_F(Cached, ManyMissesAreOneStatement) {
  std::vector<std::thread> threads;
  std::atomic<int> same{0};
  for (int i = 0; i < 1000; ++i) {
    threads.emplace_back([&] {
      const auto answer = executor_->ExecuteCached(
          "cached", "SELECT nextval('fetches'), pg_sleep(0.2)", {}, {.key = "many"});
      if (answer.ok() && answer.value().rows.Text(0, 0) == "1") ++same;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(same, 1000);
  EXPECT_EQ(Value("SELECT last_value FROM fetches"), "1");
  EXPECT_EQ(Metric("operation_duration_seconds_count", {"operation=\"cached\""}), 1000);
}

TEST_F(Cached, PatternsClear) {
  EXPECT_EQ(Number({.key = "user:1"}, Parameters(), "SELECT nextval('fetches'), 1"), "1");
  EXPECT_EQ(Number({.key = "user:2"}, Parameters(), "SELECT nextval('fetches'), 2"), "2");
  EXPECT_EQ(Number({.key = "server:1"}, Parameters(), "SELECT nextval('fetches'), 3"), "3");
  const auto cleared = executor_->ClearCache("user:*");
  ASSERT_TRUE(cleared.ok());
  EXPECT_EQ(cleared.value().memory, 2U);
  EXPECT_EQ(Number({.key = "user:1"}, Parameters(), "SELECT nextval('fetches'), 1"), "4");
  EXPECT_EQ(Number({.key = "server:1"}, Parameters(), "SELECT nextval('fetches'), 3"), "3");
  executor_->ClearCache();
  EXPECT_EQ(Number({.key = "server:1"}, Parameters(), "SELECT nextval('fetches'), 3"), "5");
  for (const std::string& wrong : {std::string(), std::string(257, 'x'), std::string("[a")}) {
    const auto refused = executor_->ClearCache(wrong);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, QueryErrorKind::kUsage);
  }
}

TEST_F(Cached, TagsClear) {
  EXPECT_EQ(Number({.key = "a", .tags = {"table:public.users", "x"}}), "1");
  executor_->InvalidateTags({"table:public.servers"});
  EXPECT_EQ(Number({.key = "a"}), "1");
  executor_->InvalidateTags({"y", "table:public.users"});
  EXPECT_EQ(Number({.key = "a"}), "2");
}

TEST_F(Cached, WithoutAKeyTheNameIsOfTheOperation) {
  EXPECT_EQ(Number({}), "1");
  EXPECT_EQ(Number({}), "1");
  EXPECT_EQ(executor_->ClearCache("op:cached:*").value().memory, 1U);
  EXPECT_EQ(Number({}), "2");
}

TEST_F(Cached, NoRowsAreAnAnswerThatCanBeLeftOut) {
  const char* sql = "SELECT 1 WHERE nextval('fetches') < 0";
  EXPECT_EQ(Number({.key = "none"}, {}, sql), "none");
  EXPECT_EQ(Number({.key = "none"}, {}, sql), "none");
  EXPECT_EQ(Value("SELECT last_value FROM fetches"), "1");
  const char* other = "SELECT 2 WHERE nextval('fetches') < 0";
  EXPECT_EQ(Number({.key = "out", .negative_ttl = seconds(0)}, {}, other), "none");
  EXPECT_EQ(Number({.key = "out", .negative_ttl = seconds(0)}, {}, other), "none");
  EXPECT_EQ(Value("SELECT last_value FROM fetches"), "3");
}

TEST_F(Cached, ErrorsAreNeverKept) {
  for (int i = 0; i < 2; ++i) {
    const auto failed = executor_->ExecuteCached("cached", "SELECT 1 / (nextval('fetches') * 0)",
                                                 {}, {.key = "error"});
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().sqlstate, "22012");
  }
  EXPECT_EQ(Value("SELECT last_value FROM fetches"), "2");
  EXPECT_EQ(Metric("operation_errors_total", {"operation=\"cached\""}), 2);
}

TEST_F(Cached, AStaleAnswerStandsInWhileTheServerIsAway) {
  const QueryCacheOptions options{
      .key = "stale", .ttl = milliseconds(100), .stale_if_error = seconds(60)};
  EXPECT_EQ(Number(options), "1");
  Server::Stop();
  std::this_thread::sleep_for(milliseconds(150));
  EXPECT_EQ(Number(options), "1");
  EXPECT_EQ(last_, CacheAnswer::kStale);
  Server::Start();
  EXPECT_TRUE(Eventually([&] { return Number(options) != "1"; }));
}

TEST_F(Cached, AStaleAnswerIsGivenWhileItIsRenewed) {
  const QueryCacheOptions options{
      .key = "renewed", .ttl = milliseconds(100), .stale_while_revalidate = seconds(60)};
  EXPECT_EQ(Number(options), "1");
  std::this_thread::sleep_for(milliseconds(150));
  EXPECT_EQ(Number(options), "1");
  EXPECT_EQ(last_, CacheAnswer::kStale);
  EXPECT_TRUE(Eventually([&] { return Number(options) != "1"; }));
}

TEST_F(Cached, WrongOptionsAreRefused) {
  for (const QueryCacheOptions& options :
       {QueryCacheOptions{.ttl = seconds(0)},
        QueryCacheOptions{.tags = std::vector<std::string>(17, "x")},
        QueryCacheOptions{.tags = {std::string(257, 'x')}}}) {
    const auto refused = executor_->ExecuteCached("cached", "SELECT 1", {}, options);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, QueryErrorKind::kUsage);
  }
}

}  // namespace
}  // namespace pgsidecar::live
