#pragma once

#include <memory>
#include <vector>

#include "base/ref.h"
#include "sql/statement_index.h"

namespace pgsidecar::wire {

/// The trace context that came with a text, kept while a statement of it is not finished.
struct TraceRecord : Referenced {
  sql::TraceContext context;
};

/// Records for the trace contexts of one loop, used again when nobody refers to them. Loop thread
/// only.
class TracePool {
 public:
  static constexpr std::size_t kRecordsMax = 16'384;

  /// A record of `context`; empty if there is none, or if too many are in use.
  Ref<Referenced> Keep(const sql::TraceContext& context);

 private:
  static constexpr std::size_t kLooksMax = 8;  ///< For a free place, before one is added.

  std::vector<std::unique_ptr<TraceRecord>> records_;
  std::size_t next_ = 0;
};

}  // namespace pgsidecar::wire
