#include "metrics/process_collector.h"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <mutex>
#include <sstream>

#include "metrics/process_metrics.h"
#include "metrics/self_metrics.h"

namespace pgsidecar::metrics {
namespace {

std::string ReadFile(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return std::move(text).str();
}

/// Unix time at which the kernel started, from `/proc/stat`.
std::optional<double> BootTime() {
  std::istringstream lines(ReadFile("/proc/stat"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return std::nullopt;
}

std::optional<double> CountOpenFds() {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end;
       !error && entry != end; entry.increment(error)) {
    ++count;
  }
  if (error) return std::nullopt;
  return count - 1;  // without the one that reads the directory
}

/// Thread-safe: scrapes may overlap.
class ProcessCollector {
 public:
  explicit ProcessCollector(Registry& registry)
      : cpu_(registry.AddCounter(kProcessCpuSecondsTotal)),
        start_time_(registry.AddGauge(kProcessStartTimeSeconds)),
        resident_(registry.AddGauge(kProcessResidentMemoryBytes)),
        virtual_(registry.AddGauge(kProcessVirtualMemoryBytes)),
        open_fds_(registry.AddGauge(kProcessOpenFds)),
        max_fds_(registry.AddGauge(kProcessMaxFds)),
        threads_(registry.AddGauge(kProcessThreads)),
        errors_(registry.AddCounter(kInternalErrorsTotal, {"metrics"})),
        boot_time_(BootTime()) {
    if (!boot_time_) errors_.Increment();
  }

  void Refresh() {
    const std::scoped_lock lock(mutex_);
    if (const auto stat = ParseProcessStat(ReadFile("/proc/self/stat"))) {
      Publish(*stat);
    } else {
      errors_.Increment();
    }
    if (const auto fds = CountOpenFds()) {
      open_fds_.Set(*fds);
    } else {
      errors_.Increment();
    }
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
      errors_.Increment();
    } else if (limit.rlim_cur == RLIM_INFINITY) {
      max_fds_.Set(std::numeric_limits<double>::infinity());
    } else {
      max_fds_.Set(static_cast<double>(limit.rlim_cur));
    }
  }

 private:
  void Publish(const ProcessStat& stat) {
    const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
    const double cpu_seconds = static_cast<double>(stat.cpu_ticks) / ticks_per_second;
    // A counter can only be added to.
    cpu_.Increment(cpu_seconds - cpu_.Value());
    if (boot_time_) {
      start_time_.Set(*boot_time_ + static_cast<double>(stat.start_ticks) / ticks_per_second);
    }
    virtual_.Set(static_cast<double>(stat.virtual_bytes));
    resident_.Set(static_cast<double>(stat.resident_pages) *
                  static_cast<double>(::sysconf(_SC_PAGESIZE)));
    threads_.Set(static_cast<double>(stat.threads));
  }

  std::mutex mutex_;
  Counter& cpu_;
  Gauge& start_time_;
  Gauge& resident_;
  Gauge& virtual_;
  Gauge& open_fds_;
  Gauge& max_fds_;
  Gauge& threads_;
  Counter& errors_;
  const std::optional<double> boot_time_;
};

}  // namespace

std::optional<ProcessStat> ParseProcessStat(std::string_view line) {
  constexpr std::size_t kFirstField = 3;  // the one after the command, as proc(5) numbers them
  constexpr std::size_t kFields = 25;
  const std::size_t command_end = line.rfind(')');
  if (command_end == std::string_view::npos) return std::nullopt;
  std::istringstream words{std::string(line.substr(command_end + 1))};
  std::array<std::uint64_t, kFields> fields{};
  for (std::size_t i = kFirstField; i < kFields; ++i) {
    std::string word;
    if (!(words >> word)) return std::nullopt;
    // Fields that are not natural numbers (the state, priorities) are not used: they stay 0.
    std::from_chars(word.data(), word.data() + word.size(), fields[i]);
  }
  return ProcessStat{.cpu_ticks = fields[14] + fields[15],
                     .threads = fields[20],
                     .start_ticks = fields[22],
                     .virtual_bytes = fields[23],
                     .resident_pages = fields[24]};
}

void AddProcessMetrics(Registry& registry) {
  // Shared by the copies of the function that the registry calls.
  const auto collector = std::make_shared<ProcessCollector>(registry);
  registry.BeforeCollect([collector] { collector->Refresh(); });
}

}  // namespace pgsidecar::metrics
