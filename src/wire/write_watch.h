#pragma once

#include <string_view>

#include "sql/cache_effect.h"
#include "sql/statement_traits.h"

namespace pgsidecar::wire {

/// Who keeps answers of the databases behind the relay and has to know what is written to them.
/// Called on loop threads: must not block, must not throw. Thread-safe. Outlives the wire front.
class WriteWatch {
 public:
  virtual ~WriteWatch() = default;

  /// What a completed statement of `datname` may have made old. Null traits: its text could not be
  /// read.
  virtual sql::CacheEffect EffectOf(std::string_view datname,
                                    const sql::StatementTraits* traits) = 0;
  /// PostgreSQL committed it; the client has not been told yet.
  virtual void Apply(const sql::CacheEffect& effect) = 0;
  /// A session began, or ceased, to write without being understood. An empty name: it may be any
  /// database.
  virtual void BlindWriterBegan(std::string_view datname) = 0;
  virtual void BlindWriterEnded(std::string_view datname) = 0;
};

}  // namespace pgsidecar::wire
