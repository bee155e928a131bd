#pragma once

#include <chrono>

namespace pgsidecar::executor {

/// Plans of slow statements, taken over a connection of our own.
struct ExplainOptions {
  bool enabled = false;
  /// Runs SELECT statements without parameters again, to measure them.
  bool analyze = false;
  /// `statement_timeout` of the connection. Locks are waited for 100 ms.
  std::chrono::nanoseconds timeout = std::chrono::seconds(2);
  /// Shortest time between two attempts for the same statement and database.
  std::chrono::nanoseconds every = std::chrono::minutes(10);

  bool operator==(const ExplainOptions&) const = default;
};

}  // namespace pgsidecar::executor
