// What a call through QueryExecutor costs beside the same call of bare libpqxx: the same process,
// the same server, rounds of one and the other in turn. Prints JSON. Usage: executor_overhead URI
// [rounds] [calls] [threads].
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <pqxx/pqxx>
#include <string>
#include <thread>
#include <vector>

#include "pgsidecar/cache.h"
#include "pgsidecar/query_executor.h"

namespace {

constexpr const char* kSql = "SELECT id, name, email FROM bench_users WHERE id = $1";
constexpr int kUsers = 1000;

struct Round {
  double cpu_us = 0;  ///< Of the process, per call.
  double calls_per_second = 0;
};

double CpuMicroseconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto micros = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

/// `work(thread, calls)` on every thread.
template <class Work>
Round Measure(int threads, int calls, Work work) {
  const double cpu = CpuMicroseconds();
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back([&, i] { work(i, calls); });
  for (std::thread& thread : running) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const double all = static_cast<double>(threads) * calls;
  return {(CpuMicroseconds() - cpu) / all, all / took.count()};
}

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

/// One line: what was called, CPU per call in microseconds, calls per second.
void Print(const char* what, const Round& round) {
  std::printf("%s %.3f %.1f\n", what, round.cpu_us, round.calls_per_second);
}

pqxx::result RunBare(pqxx::nontransaction& work, int id) {
#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)
  return work.exec(pqxx::prepped{"find"}, pqxx::params{id});
#else
  return work.exec_prepared("find", id);
#endif
}

void MakeTable(const std::string& uri) {
  pqxx::connection connection(uri);
  pqxx::work work(connection);
  work.exec("CREATE TABLE IF NOT EXISTS bench_users (id int PRIMARY KEY, name text, email text)");
  work.exec("TRUNCATE bench_users");
  work.exec(
      "INSERT INTO bench_users SELECT i, 'name ' || i, i || '@example.org' "
      "FROM generate_series(1, 1000) i");
  work.commit();
}

}  // namespace

int main(int count, char** arguments) {
  Check(count > 1, "usage: executor_overhead URI [rounds] [calls] [threads]");
  const std::string uri = arguments[1];
  const int rounds = count > 2 ? std::atoi(arguments[2]) : 7;
  const int calls = count > 3 ? std::atoi(arguments[3]) : 20000;
  const int threads = count > 4 ? std::atoi(arguments[4]) : 1;
  MakeTable(uri);

  std::vector<std::unique_ptr<pqxx::connection>> bare;
  for (int i = 0; i < threads; ++i) {
    bare.push_back(std::make_unique<pqxx::connection>(uri));
    bare.back()->prepare("find", kSql);
  }
  const auto run_bare = [&](int thread, int number) {
    std::size_t bytes = 0;
    for (int i = 0; i < number; ++i) {
      pqxx::nontransaction work(*bare[static_cast<std::size_t>(thread)]);
      const pqxx::result rows = RunBare(work, i % kUsers + 1);
      Check(rows.size() == 1, "a row is missing");
      bytes += rows[0][1].as<std::string>().size() + rows[0][2].size();
    }
    Check(bytes > 0, "nothing was read");
  };

  auto telemetry = pgsidecar::Telemetry::Create({.slow_log_path = "/dev/null"});
  Check(telemetry.ok(), "no telemetry");
  pgsidecar::ExecutorOptions options;
  options.connection = uri;
  options.connections_max = static_cast<std::size_t>(threads);
  pgsidecar::Cache cache;
  auto executor = pgsidecar::QueryExecutor::Create(options, *telemetry.value(), cache);
  Check(executor.ok(), "no executor");
  const auto run_ours = [&](int, int number) {
    const pgsidecar::Operation operation = executor.value()->Named("findUser");
    std::size_t bytes = 0;
    for (int i = 0; i < number; ++i) {
      const auto outcome =
          executor.value()->Execute(operation, kSql, pgsidecar::Parameters(i % kUsers + 1));
      Check(outcome.ok() && outcome.value().size() == 1, "a row is missing");
      const pgsidecar::Rows& rows = outcome.value();
      bytes += rows.Get<std::string>(0, 1)->size() + rows.Text(0, 2)->size();
    }
    Check(bytes > 0, "nothing was read");
  };

  // Every user is in the cache after the first thousand calls.
  const auto run_cached = [&](int, int number) {
    const pgsidecar::Operation operation = executor.value()->Named("findUserCached");
    std::size_t bytes = 0;
    for (int i = 0; i < number; ++i) {
      const int id = i % kUsers + 1;
      const auto outcome = executor.value()->ExecuteCached(
          operation, kSql, pgsidecar::Parameters(id), {.key = "user:" + std::to_string(id)});
      Check(outcome.ok() && outcome.value().rows.size() == 1, "a row is missing");
      bytes += outcome.value().rows.Get<std::string>(0, 1)->size();
    }
    Check(bytes > 0, "nothing was read");
  };

  Measure(threads, calls / 10 + 1, run_bare);
  Measure(threads, calls / 10 + 1, run_ours);
  Measure(1, kUsers, run_cached);
  for (int round = 0; round < rounds; ++round) {
    // Who goes first changes, so that a drift of the machine favours neither.
    const bool bare_first = round % 2 == 0;
    Round bare_calls;
    if (bare_first) bare_calls = Measure(threads, calls, run_bare);
    const Round our_calls = Measure(threads, calls, run_ours);
    if (!bare_first) bare_calls = Measure(threads, calls, run_bare);
    Print("bare", bare_calls);
    Print("executor", our_calls);
    Print("cached", Measure(threads, 10 * calls, run_cached));
  }
  return 0;
}
