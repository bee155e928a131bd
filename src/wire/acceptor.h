#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/listener.h"
#include "wire/wire_loop.h"

namespace pgsidecar::wire {

/// The listeners of the wire front. Lives on the first loop and hands each connection to the loop
/// that has the fewest. Loop thread only.
class Acceptor {
 public:
  /// `loops`: not empty; they outlive the acceptor. The first is its own.
  Acceptor(WireShared& shared, std::vector<WireLoop*> loops);

  /// Accepts on `address` once Start is called. Fails if it cannot be bound.
  Status Listen(const std::string& address, bool pass_through);
  void Start();
  /// Closes the listeners.
  void Stop() { doors_.clear(); }
  std::vector<std::string> addresses() const;  ///< As bound.

 private:
  /// One listener and the kind of its clients.
  class Door final : public net::AcceptHandler {
   public:
    Door(Acceptor& acceptor, bool pass_through)
        : acceptor_(acceptor), pass_through_(pass_through) {}
    void OnAccepted(UniqueFd client, const net::SocketAddress& peer) override;
    void OnAcceptRefused() override;
    std::unique_ptr<net::Listener> listener;

   private:
    Acceptor& acceptor_;
    const bool pass_through_;
  };

  WireLoop& LeastBusy();

  WireShared& shared_;
  const std::vector<WireLoop*> loops_;
  std::vector<std::unique_ptr<Door>> doors_;
};

}  // namespace pgsidecar::wire
