#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/ref.h"
#include "sql/identity.h"
#include "sql/place.h"
#include "sql/statement_index.h"
#include "sql/statement_traits.h"

namespace pgsidecar::sql {

/// What a pending cell counts, until its statement is known.
struct PrivateCounts {
  std::vector<double> buckets;
  double seconds = 0;
  Nanos busy = 0;
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  std::uint64_t slow = 0;
  std::uint64_t rows = 0;
  bool proven = false;
  Nanos last_slow_unix = 0;
  Nanos last_slow_duration = 0;

  // For the case that the answer is late.
  Nanos asked_at = 0;
  StatementShape shape;
  bool unknown = false;
  std::string name;
  std::shared_ptr<const Canonical> canonical;  ///< Shared with the job of the cold worker.
};

struct Cell : Referenced {
  enum class State : std::uint8_t {
    kPending,   ///< Its executions wait in `counts`.
    kBound,     ///< They go to `place`.
    kDeferred,  ///< The queue was full: they go to `other`.
  };

  std::uint64_t key = 0;
  std::uint64_t ticket = 0;  ///< Of the question that was asked for it.
  metrics::Command command = metrics::Command::kUnknown;
  bool control = false;
  bool and_chain = false;
  State state = State::kDeferred;
  bool recent = false;     ///< Used since the clock hand passed.
  Place* place = nullptr;  ///< kBound: holds a reference in Place::cells, but to `other`.
  Place* other = nullptr;  ///< Of its database.
  Nanos retry_at = 0;      ///< kDeferred.
  std::unique_ptr<PrivateCounts> counts;            ///< kPending.
  std::unique_ptr<const StatementTraits> traits{};  ///< kBound, if they were wanted and found.
};

}  // namespace pgsidecar::sql
