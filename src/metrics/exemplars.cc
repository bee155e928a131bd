#include "metrics/exemplars.h"

#include <algorithm>

namespace pgsidecar::metrics {
namespace {

constexpr double kRenewSeconds = 1;

bool IsHex(std::string_view text, std::size_t digits) {
  return text.size() == digits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

void Histogram::Slots::Offer(std::size_t bucket, double value, const Exemplar& exemplar,
                             double unix_seconds) {
  Slot& slot = slots[bucket];
  const double taken_at = slot.taken_at.load(std::memory_order_relaxed);
  // A wall clock that was set back renews, too: else the slot would wait for the old time.
  if (taken_at >= 0 && unix_seconds >= taken_at && unix_seconds - taken_at < kRenewSeconds) return;
  if (!IsHex(exemplar.trace_id, 32) || !IsHex(exemplar.span_id, 16)) return;
  const std::unique_lock lock(slot.mutex, std::try_to_lock);
  if (!lock) return;
  std::ranges::copy(exemplar.trace_id, slot.trace_id.begin());
  std::ranges::copy(exemplar.span_id, slot.span_id.begin());
  slot.fingerprint[0] = '\0';
  if (IsHex(exemplar.fingerprint, 16)) {
    std::ranges::copy(exemplar.fingerprint, slot.fingerprint.begin());
  }
  slot.value = value;
  slot.taken_at.store(unix_seconds, std::memory_order_relaxed);
  filled.store(true, std::memory_order_release);
}

std::vector<std::optional<TakenExemplar>> Histogram::Slots::Copy() {
  std::vector<std::optional<TakenExemplar>> copies;
  if (!filled.load(std::memory_order_acquire)) return copies;
  copies.resize(slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    Slot& slot = slots[i];
    const std::scoped_lock lock(slot.mutex);
    const double taken_at = slot.taken_at.load(std::memory_order_relaxed);
    if (taken_at < 0) continue;
    TakenExemplar& copy = copies[i].emplace();
    copy.trace_id.assign(slot.trace_id.begin(), slot.trace_id.end());
    copy.span_id.assign(slot.span_id.begin(), slot.span_id.end());
    if (slot.fingerprint[0] != '\0') {
      copy.fingerprint.assign(slot.fingerprint.begin(), slot.fingerprint.end());
    }
    copy.value = slot.value;
    copy.unix_seconds = taken_at;
  }
  return copies;
}

}  // namespace pgsidecar::metrics
