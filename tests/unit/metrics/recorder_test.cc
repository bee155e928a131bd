#include "metrics/recorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>
#include <vector>

#include "metrics/query_metrics.h"
#include "page_reader.h"

namespace pgsidecar::metrics {
namespace {

Sqlstate Code(std::string_view text) {
  Sqlstate code{};
  std::ranges::copy(text, code.begin());
  return code;
}

Execution Success(Nanos duration, Command command = Command::kSelect) {
  return {.command = command, .duration = duration};
}

Execution Failure(std::string_view sqlstate, Command command = Command::kSelect) {
  return {.command = command, .failed = true, .sqlstate = Code(sqlstate), .duration = 1000};
}

TEST(Recorder, EverythingForeseeableExistsAtZeroFromTheFirstLogin) {
  Registry registry(1);
  Recorder recorder(registry);
  recorder.Database("app");
  const std::string page = TextPage(registry);
  for (const std::string_view datname : {"app", "other"}) {
    const std::string label = "{datname=\"" + std::string(datname) + "\"";
    EXPECT_EQ(TotalIn(page, "pgsidecar_query_errors_total" + label).series,
              kCommandCount * kErrorClassCount);
    EXPECT_EQ(TotalIn(page, "pgsidecar_query_successes_total" + label).series, kCommandCount);
    EXPECT_EQ(TotalIn(page, "pgsidecar_slow_queries_total" + label).series, kCommandCount);
    EXPECT_EQ(TotalIn(page, "pgsidecar_query_duration_seconds_count" + label).series,
              kCommandCount);
    EXPECT_EQ(TotalIn(page, "pgsidecar_query_sqlstate_errors_total" + label).series, 2);
  }
  for (const Declaration& declaration : kQueryMetrics) {
    EXPECT_NE(page.find("\n# TYPE " + std::string(declaration.name) + " "), std::string::npos)
        << declaration.name;
  }
  EXPECT_EQ(SampleIn(page, "pgsidecar_slow_query_threshold_seconds"), 1);
}

TEST(Recorder, CountsAStatementInEveryFamilyOnce) {
  Registry registry(1);
  Recorder recorder(registry);
  DatabaseRecorder& app = recorder.Database("app");
  const Execution execution = {.command = Command::kInsert,
                               .duration = ToNanos(std::chrono::milliseconds(1500)),
                               .first_reply = ToNanos(std::chrono::milliseconds(250)),
                               .client_stall = ToNanos(std::chrono::milliseconds(500)),
                               .rows_returned = 3,
                               .rows_affected = 2};
  EXPECT_TRUE(app.Record(execution, nullptr));
  const std::string page = TextPage(registry);
  const auto sample = [&](const std::string& series) { return SampleIn(page, series); };
  EXPECT_EQ(sample(R"(pgsidecar_query_duration_seconds_sum{datname="app",command="INSERT"})"), 1.5);
  EXPECT_EQ(sample(R"(pgsidecar_query_successes_total{datname="app",command="INSERT"})"), 1);
  EXPECT_EQ(sample(R"(pgsidecar_slow_queries_total{datname="app",command="INSERT"})"), 1);
  EXPECT_EQ(sample(R"(pgsidecar_query_first_reply_seconds_sum{datname="app"})"), 0.25);
  EXPECT_EQ(sample(R"(pgsidecar_query_client_stall_seconds_total{datname="app"})"), 0.5);
  EXPECT_EQ(sample(R"(pgsidecar_rows_returned_total{datname="app"})"), 3);
  EXPECT_EQ(sample(R"(pgsidecar_rows_affected_total{datname="app"})"), 2);
  EXPECT_EQ(TotalIn(page, "pgsidecar_query_errors_total").sum, 0);
}

TEST(Recorder, CountsAnErrorByClassAndSqlstate) {
  Registry registry(1);
  Recorder recorder(registry);
  DatabaseRecorder& app = recorder.Database("app");
  EXPECT_FALSE(app.Record(Failure("40P01"), nullptr));
  app.Record(Failure(""), nullptr);
  const std::string page = TextPage(registry);
  const std::string errors = R"(pgsidecar_query_errors_total{datname="app",command="SELECT",)";
  EXPECT_EQ(SampleIn(page, errors + R"(error_class="deadlock"})"), 1);
  EXPECT_EQ(SampleIn(page, errors + R"(error_class="other"})"), 1);
  const std::string states = R"(pgsidecar_query_sqlstate_errors_total{datname="app",sqlstate=)";
  EXPECT_EQ(SampleIn(page, states + R"("40P01"})"), 1);
  EXPECT_EQ(SampleIn(page, states + R"("unknown"})"), 1);
  EXPECT_EQ(TotalIn(page, "pgsidecar_query_successes_total").sum, 0);
  EXPECT_EQ(TotalIn(page, "pgsidecar_query_first_reply_seconds_count").sum, 0);
}

TEST(Recorder, SlowIsAboveTheThresholdAndEqualsWhatTheBucketsSay) {
  Registry registry(0.3);
  Recorder recorder(registry);
  DatabaseRecorder& app = recorder.Database("app");
  const Nanos threshold = ToNanos(std::chrono::milliseconds(300));
  std::size_t slow = 0;
  for (Nanos distance = -3; distance <= 3; ++distance) {
    slow += app.Record(Success(threshold + distance), nullptr) ? 1 : 0;
  }
  const std::string page = TextPage(registry);
  const std::string labels = R"({datname="app",command="SELECT")";
  EXPECT_EQ(SampleIn(page, "pgsidecar_slow_queries_total" + labels + "}"), slow);
  EXPECT_EQ(
      7 - *SampleIn(page, "pgsidecar_query_duration_seconds_bucket" + labels + ",le=\"0.3\"}"),
      slow);
  EXPECT_GE(slow, 3);
  EXPECT_LE(slow, 4);
}

TEST(Recorder, BoundsTheSqlstatesAndKeepsTheTotalExact) {
  Registry registry(1);
  Recorder recorder(registry);
  DatabaseRecorder& app = recorder.Database("app");
  for (int code = 0; code < 65; ++code) {
    const std::string text = "Z" + std::to_string(1000 + code);
    for (int i = 0; i < 2; ++i) app.Record(Failure(text), nullptr);
  }
  const std::string page = TextPage(registry);
  const Total total = TotalIn(page, R"(pgsidecar_query_sqlstate_errors_total{datname="app")");
  EXPECT_EQ(total.series, 65);
  EXPECT_EQ(total.sum, 130);
  const std::string states = R"(pgsidecar_query_sqlstate_errors_total{datname="app",sqlstate=)";
  EXPECT_EQ(SampleIn(page, states + R"("Z1062"})"), 2) << "63 codes beside unknown";
  EXPECT_EQ(SampleIn(page, states + R"("other"})"), 4);
}

TEST(Recorder, BoundsTheDatabases) {
  Registry registry(1);
  Recorder recorder(registry);
  for (int i = 1; i <= 9; ++i) {
    recorder.Database("db" + std::to_string(i)).Record(Success(1000), nullptr);
  }
  EXPECT_EQ(recorder.Database("db8").datname(), "db8");
  EXPECT_EQ(recorder.Database("db9").datname(), "other");
  EXPECT_EQ(&recorder.Database("db9"), &recorder.Database("other"));
  const std::string page = TextPage(registry);
  EXPECT_EQ(page.find("db9"), std::string::npos);
  EXPECT_EQ(TotalIn(page, "pgsidecar_queries_in_flight").series, 9);
  EXPECT_EQ(TotalIn(page, "pgsidecar_query_successes_total").sum, 9);
}

TEST(Recorder, ADatabaseIsFoundByItsLabelValue) {
  Registry registry(1);
  Recorder recorder(registry);
  EXPECT_EQ(&recorder.Database("a\tb"), &recorder.Database("a b"));
}

TEST(Recorder, SumsWhatTheLoopsPublish) {
  Registry registry(1);
  Recorder recorder(registry);
  DatabaseRecorder& app = recorder.Database("app");
  app.Publish(1, {.in_flight = 2, .slow = 1, .oldest_start = 50, .oldest_transaction_start = 0});
  app.Publish(0, {.in_flight = 3, .slow = 0, .oldest_start = 70, .oldest_transaction_start = 60});
  std::string page = TextPage(registry);
  const auto sample = [&](const std::string& name) {
    return SampleIn(page, "pgsidecar_" + name + R"({datname="app"})");
  };
  EXPECT_EQ(sample("queries_in_flight"), 5);
  EXPECT_EQ(sample("running_slow_queries"), 1);
  EXPECT_EQ(sample("oldest_running_query_start_timestamp_seconds"), 50);
  EXPECT_EQ(sample("oldest_transaction_start_timestamp_seconds"), 60);
  app.Publish(0, {});
  app.Publish(1, {});
  page = TextPage(registry);
  EXPECT_EQ(sample("queries_in_flight"), 0);
  EXPECT_EQ(sample("oldest_running_query_start_timestamp_seconds"), 0);
}

TEST(Recorder, CountsWhatHasNoDuration) {
  Registry registry(1);
  Recorder recorder(registry);
  DatabaseRecorder& app = recorder.Database("app");
  app.AddAborted(3);
  app.AddAbandoned(2);
  app.AddSlowGroup();
  app.AddParseMessages(4);
  app.AddTransaction(kNanosPerSecond, true);
  app.AddTransaction(kNanosPerSecond, false);
  app.AddTransactionIdle(kNanosPerSecond / 2);
  app.AddCopyRows(7, 8);
  const std::string page = TextPage(registry);
  const auto sample = [&](const std::string& name) {
    return SampleIn(page, "pgsidecar_" + name + R"({datname="app"})");
  };
  EXPECT_EQ(sample("queries_aborted_total"), 3);
  EXPECT_EQ(sample("queries_abandoned_total"), 2);
  EXPECT_EQ(sample("slow_groups_total"), 1);
  EXPECT_EQ(sample("parse_messages_total"), 4);
  EXPECT_EQ(sample("transaction_duration_seconds_count"), 2);
  EXPECT_EQ(sample("transaction_rollbacks_total"), 1);
  EXPECT_EQ(sample("transaction_idle_seconds_total"), 0.5);
  EXPECT_EQ(sample("rows_returned_total"), 7);
  EXPECT_EQ(sample("rows_affected_total"), 8);
  EXPECT_EQ(TotalIn(page, "pgsidecar_query_duration_seconds_count").sum, 0);
}

/// Random statements of one thread, while others record and scrape.
void RecordMany(Recorder& recorder, unsigned seed, int statements) {
  std::mt19937 random(seed);
  for (int i = 0; i < statements; ++i) {
    DatabaseRecorder& database = recorder.Database("db" + std::to_string(random() % 3));
    Execution execution = Success(static_cast<Nanos>(random() % 2'000'000'000),
                                  static_cast<Command>(random() % kCommandCount));
    if (random() % 4 == 0) {
      execution.failed = true;
      execution.sqlstate = Code("2" + std::to_string(2000 + random() % 100));
    }
    database.Record(execution, nullptr);
  }
}

TEST(Recorder, IdentitiesHoldUnderEightThreads) {
  Registry registry(1);
  Recorder recorder(registry);
  constexpr int kThreads = 8;
  constexpr int kStatements = 5000;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) {
    threads.emplace_back([&recorder, i] { RecordMany(recorder, i, kStatements); });
  }
  for (int i = 0; i < 5; ++i) TextPage(registry);
  for (std::thread& thread : threads) thread.join();

  const std::string page = TextPage(registry);
  double statements = 0;
  for (const std::string_view datname : {"db0", "db1", "db2"}) {
    double errors_of_database = 0;
    for (const std::string_view command : kCommandNames) {
      const std::string labels =
          "{datname=\"" + std::string(datname) + "\",command=\"" + std::string(command) + "\"";
      const double count =
          SampleIn(page, "pgsidecar_query_duration_seconds_count" + labels + "}").value();
      const double errors = TotalIn(page, "pgsidecar_query_errors_total" + labels).sum;
      EXPECT_EQ(count,
                errors + SampleIn(page, "pgsidecar_query_successes_total" + labels + "}").value());
      EXPECT_EQ(SampleIn(page, "pgsidecar_slow_queries_total" + labels + "}").value(),
                count - SampleIn(page, "pgsidecar_query_duration_seconds_bucket" + labels +
                                           ",le=\"1.0\"}")
                            .value());
      statements += count;
      errors_of_database += errors;
    }
    EXPECT_EQ(errors_of_database, TotalIn(page, "pgsidecar_query_sqlstate_errors_total{datname=\"" +
                                                    std::string(datname) + "\"")
                                      .sum);
  }
  EXPECT_EQ(statements, kThreads * kStatements);
}

}  // namespace
}  // namespace pgsidecar::metrics
