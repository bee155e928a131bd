#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "pgsidecar/query_executor.h"

namespace pgsidecar::live {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

/// The server that test_executor.py started; it does what is written to one pipe, and says so on
/// another.
class Server {
 public:
  static std::string Uri() {
    return Environment("PGSIDECAR_TEST_URI") + "/postgres?user=postgres&application_name=live";
  }
  static void Restart() { Ask("restart"); }
  static void Stop() { Ask("stop"); }
  static void Start() { Ask("start"); }
  static void Suspend() { Ask("suspend"); }
  static void Resume() { Ask("resume"); }

 private:
  static void Ask(std::string command) {
    command += '\n';
    const int to = std::stoi(Environment("PGSIDECAR_TEST_COMMANDS"));
    const int from = std::stoi(Environment("PGSIDECAR_TEST_ANSWERS"));
    ASSERT_EQ(write(to, command.data(), command.size()), static_cast<ssize_t>(command.size()));
    char byte = 0;
    ASSERT_EQ(read(from, &byte, 1), 1);
  }
};

/// An executor with books of its own.
class Live : public testing::Test {
 protected:
  void SetUp() override {
    if (Environment("PGSIDECAR_TEST_URI").empty()) GTEST_SKIP() << "run by test_executor.py";
    directory_ =
        std::filesystem::temp_directory_path() / ("pgsidecar-live-" + std::to_string(getpid()));
    std::filesystem::create_directories(directory_);
    options_.connection = Server::Uri();
    options_.name = "live";
    telemetry_options_.slow_log_path = (directory_ / "slow.log").string();
    telemetry_options_.slow_query_threshold = milliseconds(200);
    telemetry_options_.slow_log_rate = 1000;
  }
  void TearDown() override {
    executor_.reset();
    telemetry_.reset();
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }

  /// With the options as they are now.
  QueryExecutor& executor() {
    if (executor_ == nullptr) {
      auto made = Telemetry::Create(telemetry_options_);
      EXPECT_TRUE(made.ok());
      telemetry_ = std::move(made).value();
      auto opened = QueryExecutor::Create(options_, *telemetry_);
      EXPECT_TRUE(opened.ok());
      executor_ = std::move(opened).value();
    }
    return *executor_;
  }

  Outcome<Rows> Run(std::string_view sql, const Parameters& parameters = {},
                    const CallOptions& options = {}) {
    return executor().Execute("test", sql, parameters, options);
  }
  /// The first field of an answer that has to be there.
  std::string Value(std::string_view sql, const Parameters& parameters = {}) {
    const auto rows = Run(sql, parameters);
    EXPECT_TRUE(rows.ok()) << rows.error().message;
    if (!rows.ok() || rows.value().empty()) return {};
    return std::string(rows.value().Text(0, 0).value_or("NULL"));
  }

  /// The sum of the samples whose line begins with `name` and holds every one of `labels`.
  double Metric(const std::string& name, const std::vector<std::string>& labels = {}) {
    std::istringstream page(telemetry_->MetricsText());
    double sum = 0;
    for (std::string line; std::getline(page, line);) {
      const std::size_t end = line.find_first_of("{ ");
      if (line.substr(0, end) != "pgsidecar_" + name) continue;
      bool matches = true;
      for (const std::string& label : labels) matches &= line.find(label) != std::string::npos;
      if (matches) sum += std::stod(line.substr(line.rfind(' ') + 1));
    }
    return sum;
  }

  /// Whether `check` comes true within 10 s.
  template <class Check>
  static bool Eventually(Check check) {
    for (int i = 0; i < 1000; ++i) {
      if (check()) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }

  std::string SlowLog() {
    std::ifstream file(telemetry_options_.slow_log_path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  ExecutorOptions options_;
  TelemetryOptions telemetry_options_;
  std::unique_ptr<Telemetry> telemetry_;
  std::unique_ptr<QueryExecutor> executor_;

 private:
  std::filesystem::path directory_;
};

}  // namespace pgsidecar::live
