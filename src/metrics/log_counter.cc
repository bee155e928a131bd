#include "metrics/log_counter.h"

#include <spdlog/formatter.h>
#include <spdlog/sinks/sink.h>

#include "metrics/self_metrics.h"

namespace pgsidecar::metrics {
namespace {

/// In the order of spdlog::level::level_enum.
constexpr std::array<std::string_view, 6> kLevels = {"trace",   "debug", "info",
                                                     "warning", "error", "critical"};
static_assert(spdlog::level::trace == 0 && spdlog::level::critical == kLevels.size() - 1);

class LogCounter final : public spdlog::sinks::sink {
 public:
  explicit LogCounter(Registry& registry) {
    for (std::size_t i = 0; i < kLevels.size(); ++i) {
      counters_[i] = &registry.AddCounter(kLogMessagesTotal, {kLevels[i]});
    }
  }

  void log(const spdlog::details::log_msg& message) override {
    const auto level = static_cast<std::size_t>(message.level);
    if (level < counters_.size()) counters_[level]->Increment();
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  std::array<Counter*, kLevels.size()> counters_{};
};

}  // namespace

std::shared_ptr<spdlog::sinks::sink> MakeLogCounter(Registry& registry) {
  return std::make_shared<LogCounter>(registry);
}

}  // namespace pgsidecar::metrics
