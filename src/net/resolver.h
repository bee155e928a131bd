#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/event_loop.h"
#include "net/socket.h"

namespace pgsidecar::net {

/// The addresses of a name, or why there are none.
struct Resolution {
  std::vector<SocketAddress> addresses;
  std::string failure;  ///< Empty on success.
};

/// A look-up in progress. Destroying it forgets it: its callback will not come.
class Lookup {
 public:
  using Callback = std::function<void(const Resolution&)>;
  struct Request;

  Lookup() = default;
  explicit Lookup(std::shared_ptr<Request> request);
  Lookup(Lookup&&) noexcept = default;
  Lookup& operator=(Lookup&& other) noexcept;
  ~Lookup();

 private:
  void Forget();
  std::shared_ptr<Request> request_;  ///< Second owner: the resolver's queue.
};

/// Looks names up with the system's resolver on a few threads of its own, so that a name whose
/// server does not answer holds up no other. Requests for a name that waits or is being looked up
/// share its look-up. Thread-safe.
class Resolver {
 public:
  /// Blocks until the answer is there. Called on several threads at once.
  using LookUp = std::function<Resolution(const Endpoint&)>;

  /// Asks the system.
  Resolver();
  explicit Resolver(LookUp look_up);
  /// Waits for the look-ups in progress; the others are dropped.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Calls back on the thread of `loop`, never from within this call. Numeric addresses and Unix
  /// sockets are answered without the queue. A full queue (1 024) is a failure. `loop` must outlive
  /// the resolver.
  Lookup Resolve(EventLoop& loop, const Endpoint& endpoint, Lookup::Callback callback);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pgsidecar::net
