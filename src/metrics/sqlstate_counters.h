#pragma once

#include <array>
#include <mutex>
#include <string>
#include <string_view>

#include "metrics/error_class.h"
#include "metrics/registry.h"

namespace pgsidecar::metrics {

/// Counters of one metric by SQLSTATE for one fixed first label, bounded: at most 64 codes, of
/// which one is `unknown` (none sent, or malformed), then `other`. Both exist from the start.
/// Thread-safe; takes a lock, and allocates when it meets a code for the first time.
class SqlstateCounters {
 public:
  static constexpr std::size_t kCodesMax = 64;

  /// `declaration` has the labels (X, sqlstate), `first_value` is that of X; or only (sqlstate),
  /// with an empty `first_value`.
  SqlstateCounters(Registry& registry, const Declaration& declaration, std::string first_value);

  void Increment(std::string_view sqlstate);

 private:
  struct Place {
    Sqlstate code{};
    Counter* counter = nullptr;
  };

  Counter& Add(std::string_view sqlstate);
  Counter& Find(std::string_view sqlstate);

  Registry& registry_;
  const Declaration& declaration_;
  const std::string first_value_;
  Counter& unknown_;
  Counter& other_;
  std::mutex mutex_;
  std::array<Place, kCodesMax - 1> places_{};  // guarded by mutex_
  std::size_t used_ = 0;                       // guarded by mutex_
};

}  // namespace pgsidecar::metrics
