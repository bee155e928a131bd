#pragma once

namespace pgsidecar::wire {

/// Something a loop owns and destroys at the end of the pass in which it retires.
class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  /// Stops every callback; called when it retires.
  virtual void Quiesce() = 0;
};

}  // namespace pgsidecar::wire
