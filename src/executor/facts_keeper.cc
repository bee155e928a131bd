#include "executor/facts_keeper.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace pgsidecar::executor {

FactsKeeper::FactsKeeper(const Options& options, Callbacks callbacks)
    : options_(options), callbacks_(std::move(callbacks)) {
  thread_ = std::thread([this] { Run(); });
}

FactsKeeper::~FactsKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void FactsKeeper::Refresh() {
  {
    const std::lock_guard lock(mutex_);
    ++wanted_;
  }
  wake_.notify_one();
}

void FactsKeeper::Run() {
  using SteadyClock = std::chrono::steady_clock;
  auto known_until = SteadyClock::now();
  bool told = false;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const std::uint64_t reading = wanted_;
    lock.unlock();
    auto facts = callbacks_.read();
    lock.lock();
    if (stopping_) return;
    if (reading != wanted_) continue;
    lock.unlock();
    const auto now = SteadyClock::now();
    auto pause = options_.every;
    if (facts.ok()) {
      callbacks_.use(std::make_shared<const sql::DatabaseFacts>(std::move(facts).value()));
      known_until = now + 2 * options_.every;
      told = false;
    } else {
      pause = options_.retry;
      if (now >= known_until) callbacks_.use(nullptr);
      // The message may quote data; the class says enough.
      if (!told) {
        spdlog::warn("cache: the catalogue cannot be read ({}); operations are not cached without",
                     facts.error().error_class());
      }
      told = true;
    }
    lock.lock();
    wake_.wait_for(lock, pause, [&] { return stopping_ || (wanted_ != reading); });
  }
}

}  // namespace pgsidecar::executor
