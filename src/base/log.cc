#include "base/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <utility>

#include "base/text.h"

namespace pgsidecar {
namespace {

constexpr std::size_t kMessageBytesMax = 4096;
constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};
constexpr std::array kSpdlogLevels = {spdlog::level::debug, spdlog::level::info,
                                      spdlog::level::warn, spdlog::level::err};

LogLevel LevelOf(spdlog::level::level_enum level) {
  if (level >= spdlog::level::err) return LogLevel::kError;
  if (level == spdlog::level::warn) return LogLevel::kWarning;
  return level == spdlog::level::info ? LogLevel::kInfo : LogLevel::kDebug;
}

/// RFC 3339, UTC, milliseconds.
std::string Timestamp(std::chrono::system_clock::time_point time) {
  const auto milliseconds =
      std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t seconds =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> date{};
  const std::size_t length = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ",
                static_cast<int>(((milliseconds % 1000) + 1000) % 1000));
  return std::string(date.data(), length) + fraction.data();
}

class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(LogFormat format) : format_(format) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string line =
        FormatLogLine(format_, LevelOf(message.level),
                      {message.payload.data(), message.payload.size()}, message.time);
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(format_);
  }

 private:
  const LogFormat format_;
};

}  // namespace

std::string FormatLogLine(LogFormat format, LogLevel level, std::string_view message,
                          std::chrono::system_clock::time_point time) {
  const std::string time_text = Timestamp(time);
  const std::string level_text(kLevelNames[static_cast<std::size_t>(level)]);
  const std::string text = PrintableText(message, kMessageBytesMax);
  if (format == LogFormat::kText) return time_text + " " + level_text + " " + text + "\n";
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return R"({"time":")" + time_text + R"(","level":")" + level_text + R"(","message":")" + escaped +
         "\"}\n";
}

Log::Log(const LogOptions& options, std::vector<spdlog::sink_ptr> sinks)
    : pool_(std::make_shared<spdlog::details::thread_pool>(kLogQueueLines, 1U)) {
  auto console = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  console->set_formatter(std::make_unique<LineFormatter>(options.format));
  sinks.insert(sinks.begin(), std::move(console));
  auto logger =
      std::make_shared<spdlog::async_logger>("pgsidecar", sinks.begin(), sinks.end(), pool_,
                                             spdlog::async_overflow_policy::overrun_oldest);
  logger->set_level(kSpdlogLevels[static_cast<std::size_t>(options.level)]);
  spdlog::set_default_logger(std::move(logger));
}

Log::~Log() {
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::null_sink_mt>()));
}

void Log::SetLevel(LogLevel level) {
  spdlog::default_logger_raw()->set_level(kSpdlogLevels[static_cast<std::size_t>(level)]);
}

std::uint64_t Log::dropped() const { return pool_->overrun_counter(); }

}  // namespace pgsidecar
