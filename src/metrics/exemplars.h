#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "metrics/registry.h"

namespace pgsidecar::metrics {

/// An exemplar with its observation, as the exposition prints it.
struct TakenExemplar {
  std::string trace_id, span_id, fingerprint;
  double value = 0;
  double unix_seconds = 0;
};

/// One exemplar slot per bucket. Thread-safe.
struct Histogram::Slots {
  explicit Slots(std::size_t buckets) : slots(buckets) {}

  /// Takes the exemplar unless the slot holds one of the same second or is being used right now.
  void Offer(std::size_t bucket, double value, const Exemplar& exemplar, double unix_seconds);
  /// A copy of every slot, or an empty vector if no slot was ever filled.
  std::vector<std::optional<TakenExemplar>> Copy();

  struct Slot {
    std::atomic<double> taken_at{-1};  ///< Unix seconds; below 0 while empty.
    std::mutex mutex;
    std::array<char, 32> trace_id{};     // guarded by mutex
    std::array<char, 16> span_id{};      // guarded by mutex
    std::array<char, 16> fingerprint{};  // guarded by mutex; starts with NUL if there is none
    double value = 0;                    // guarded by mutex
  };
  std::vector<Slot> slots;
  std::atomic<bool> filled{false};
};

}  // namespace pgsidecar::metrics
