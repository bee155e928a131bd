#pragma once

#include <functional>
#include <string_view>

#include "cache/core.h"
#include "executor/cached_operations.h"
#include "wire/write_watch.h"

namespace pgsidecar::app {

/// Every answer of SQL is old.
cache::Event FloorOfQueries();

/// Turns what the wire front saw written into events of the cache. Thread-safe, never blocks.
class WriteEvents final : public wire::WriteWatch {
 public:
  /// `on_definitions` is told when definitions or privileges changed.
  WriteEvents(cache::Core& core, executor::CachedOperations& operations,
              std::function<void()> on_definitions)
      : core_(core), operations_(operations), on_definitions_(std::move(on_definitions)) {}

  sql::CacheEffect EffectOf(std::string_view datname, const sql::StatementTraits* traits) override;
  void Apply(const sql::CacheEffect& effect) override;
  void BlindWriterBegan(std::string_view datname) override;
  void BlindWriterEnded(std::string_view datname) override;

 private:
  cache::Core& core_;
  executor::CachedOperations& operations_;
  const std::function<void()> on_definitions_;
};

}  // namespace pgsidecar::app
