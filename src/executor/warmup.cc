#include "executor/warmup.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace pgsidecar::executor {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kAtOnce = 4;

const ParameterSpec* FindParameter(const OperationSpec& spec, std::string_view name) {
  const auto found = std::find_if(spec.parameters.begin(), spec.parameters.end(),
                                  [&](const ParameterSpec& each) { return each.name == name; });
  return found == spec.parameters.end() ? nullptr : &*found;
}

/// The columns of `rows` that are parameters of `spec`, as values of one row.
OperationValues ValuesOfRow(const OperationSpec& spec, const Rows& rows, std::size_t row) {
  OperationValues values;
  for (const ParameterSpec& parameter : spec.parameters) {
    const auto column = rows.FindColumn(parameter.name);
    if (!column) continue;
    const auto text = rows.Text(row, *column);
    values.emplace_back(parameter.name, text ? ValueFromText(parameter, std::string(*text))
                                             : OperationValue{nullptr});
  }
  return values;
}

}  // namespace

OperationValue ValueFromText(const ParameterSpec& parameter, const std::string& text) {
  switch (parameter.type) {
    case ParameterType::kInt2:
    case ParameterType::kInt4:
    case ParameterType::kInt8:
    case ParameterType::kFloat8:
    case ParameterType::kNumeric:
      return {OperationValue::Number{text}};
    case ParameterType::kBool:
      if (text == "true" || text == "t") return {true};
      if (text == "false" || text == "f") return {false};
      return {text};
    case ParameterType::kJson:
      return {OperationValue::Json{text}};
    case ParameterType::kText:
    case ParameterType::kUuid:
    case ParameterType::kTimestamptz:
    case ParameterType::kDate:
    case ParameterType::kBytea:
      return {text};
  }
  return {text};
}

Status Warmup::Check(const std::vector<WarmupConfig>& warmups, const CachedOperations& operations) {
  for (const WarmupConfig& warmup : warmups) {
    const auto fail = [&](const std::string& problem) {
      return Error{"warm-up of " + warmup.operation + ": " + problem};
    };
    const OperationSpec* spec = operations.Find(warmup.operation);
    const auto explanation = operations.Explain(warmup.operation);
    if (spec == nullptr || !explanation || !explanation->cache) {
      return fail("there is no such operation with a cache; allowed: one with a cache");
    }
    for (const auto& [name, text] : warmup.parameters) {
      const ParameterSpec* parameter = FindParameter(*spec, name);
      if (parameter == nullptr || parameter->array) {
        return fail("'" + name + "' is not a parameter without [] of that operation");
      }
    }
    if (warmup.params_from.empty()) continue;
    const OperationSpec* source = operations.Find(warmup.params_from);
    if (source == nullptr || !source->read_only || !source->parameters.empty()) {
      return fail("params_from: '" + warmup.params_from +
                  "' is not an operation that is read_only and has no parameters");
    }
  }
  return {};
}

Warmup::Warmup(Options options, Context context)
    : options_(std::move(options)), context_(std::move(context)) {
  if (!options_.warmups.empty()) thread_ = std::thread([this] { Run(); });
}

Warmup::~Warmup() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Warmup::Start() {
  {
    const std::lock_guard lock(mutex_);
    started_ = true;
  }
  wake_.notify_all();
}

bool Warmup::stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Warmup::Run() {
  std::vector<TimePoint> next(options_.warmups.size(), SteadyClock::now());
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return started_ || stopping_; });
  while (!stopping_) {
    lock.unlock();
    const TimePoint now = SteadyClock::now();
    std::vector<const WarmupConfig*> due;
    TimePoint soonest = TimePoint::max();
    for (std::size_t i = 0; i < next.size(); ++i) {
      const WarmupConfig& warmup = options_.warmups[i];
      if (next[i] <= now) {
        due.push_back(&warmup);
        next[i] = warmup.every.count() == 0 ? TimePoint::max() : now + warmup.every;
      }
      soonest = std::min(soonest, next[i]);
    }
    if (!due.empty()) Warm(due);
    lock.lock();
    if (soonest == TimePoint::max()) {
      wake_.wait(lock, [this] { return stopping_; });
    } else {
      wake_.wait_until(lock, soonest, [this] { return stopping_; });
    }
  }
}

void Warmup::Collect(const WarmupConfig& warmup, TimePoint end, std::vector<Item>& items) {
  const OperationSpec& spec = *context_.operations.Find(warmup.operation);
  if (warmup.params_from.empty()) {
    OperationValues values;
    for (const auto& [name, text] : warmup.parameters) {
      values.emplace_back(name, ValueFromText(*FindParameter(spec, name), text));
    }
    items.push_back({warmup.operation, std::move(values)});
    return;
  }
  const OperationValues none;
  const auto left = std::chrono::nanoseconds(end - SteadyClock::now());
  if (left.count() <= 0) return;
  const OperationResult result =
      context_.operations.Call({.name = warmup.params_from, .values = none, .deadline = left});
  const auto* rows = std::get_if<CachedRows>(&result.answer);
  if (rows == nullptr) {
    spdlog::warn("warm-up: {} gave no parameters for {}", warmup.params_from, warmup.operation);
    return;
  }
  const std::size_t count = std::min<std::size_t>(rows->rows.size(), warmup.limit);
  for (std::size_t row = 0; row < count; ++row) {
    items.push_back({warmup.operation, ValuesOfRow(spec, rows->rows, row)});
  }
}

bool Warmup::WarmItem(const Item& item, TimePoint end) {
  const auto left = std::chrono::nanoseconds(end - SteadyClock::now());
  if (left.count() <= 0) return false;
  const OperationResult result =
      context_.operations.Call({.name = item.operation, .values = item.values, .deadline = left});
  const auto* rows = std::get_if<CachedRows>(&result.answer);
  if (rows == nullptr || rows->answer == CacheAnswer::kBypass) return false;
  if (rows->answer == CacheAnswer::kMiss && context_.on_warmed) context_.on_warmed();
  return true;
}

void Warmup::Warm(const std::vector<const WarmupConfig*>& due) {
  const TimePoint begin = SteadyClock::now();
  const TimePoint end = begin + options_.limit;
  std::vector<Item> items;
  for (const WarmupConfig* warmup : due) Collect(*warmup, end, items);
  spdlog::info("warm-up: {} answers to fetch", items.size());
  std::atomic<std::size_t> next = 0;
  std::atomic<std::size_t> warm = 0;
  const auto work = [&] {
    while (!stopping()) {
      const std::size_t i = next.fetch_add(1);
      if (i >= items.size()) return;
      if (WarmItem(items[i], end)) warm.fetch_add(1);
    }
  };
  std::vector<std::thread> helpers;
  for (std::size_t i = 1; i < std::min(kAtOnce, items.size()); ++i) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begin);
  const std::size_t failed = items.size() - warm;
  if (failed == 0) {
    spdlog::info("warm-up: {} of {} answers are cached, after {} ms", warm.load(), items.size(),
                 took.count());
  } else {
    spdlog::warn("warm-up: {} of {} answers are cached, after {} ms", warm.load(), items.size(),
                 took.count());
  }
}

}  // namespace pgsidecar::executor
