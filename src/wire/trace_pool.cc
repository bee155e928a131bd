#include "wire/trace_pool.h"

#include <algorithm>

namespace pgsidecar::wire {

Ref<Referenced> TracePool::Keep(const sql::TraceContext& context) {
  if (!context.present()) return {};
  for (std::size_t looks = std::min(kLooksMax, records_.size()); looks > 0; --looks) {
    TraceRecord& record = *records_[next_];
    next_ = (next_ + 1) % records_.size();
    if (record.references > 0) continue;
    record.context = context;
    return Ref<Referenced>(&record);
  }
  if (records_.size() >= kRecordsMax) return {};
  records_.push_back(std::make_unique<TraceRecord>());
  records_.back()->context = context;
  return Ref<Referenced>(records_.back().get());
}

}  // namespace pgsidecar::wire
