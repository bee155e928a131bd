#pragma once

#include <mutex>

#include "base/unique_fd.h"

namespace pgsidecar::executor {

/// Ends a blocking call of another thread by shutting its socket down. Thread-safe.
class Interrupter {
 public:
  /// From now on `socket` is the one to shut down; at once after Stop. Keeps a descriptor of its
  /// own, so that the number may be closed and used again for something else.
  void Watch(int socket);
  /// Lets go of the socket.
  void Forget();
  /// Shuts down the socket that is watched now, if any.
  void Break();
  /// Break, for this socket and all that come.
  void Stop();

 private:
  std::mutex mutex_;
  UniqueFd socket_;       ///< Guarded by mutex_.
  bool stopped_ = false;  ///< Guarded by mutex_.
};

}  // namespace pgsidecar::executor
