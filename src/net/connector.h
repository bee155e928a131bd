#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "net/event_loop.h"
#include "net/resolver.h"
#include "net/socket.h"

namespace pgsidecar::net {

/// Why no connection came about: the closed label set `reason`. A connector reports neither kTls
/// nor kRole: those come from its owners.
enum class ConnectFailure : std::uint8_t {
  kDns,
  kRefused,
  kTimeout,
  kUnreachable,
  kResources,  ///< Our own: no descriptor or port left.
  kTls,        ///< Connected, but the TLS handshake failed.
  kRole,       ///< Connected, but the host has not the role that is wanted.
  kOther,
};
constexpr std::array<std::string_view, 8> kConnectFailureNames = {
    "dns", "refused", "timeout", "unreachable", "resources", "tls", "role", "other"};

class ConnectHandler {
 public:
  virtual ~ConnectHandler() = default;
  virtual void OnConnected(UniqueFd fd) = 0;
  /// Every address failed; `text` is the last reason, for a person.
  virtual void OnConnectFailed(ConnectFailure reason, const std::string& text) = 0;
};

/// Connects to the first address of an endpoint that answers. Calls its handler exactly once, never
/// from within Start; destroying the connector forgets the attempt. Loop thread only.
class Connector final : public FdHandler {
 public:
  Connector(EventLoop& loop, Resolver& resolver, ConnectHandler& handler);
  ~Connector() override;

  /// `timeout` holds for the look-up and again for each address.
  void Start(const Endpoint& endpoint, std::chrono::nanoseconds timeout);
  /// Tries these addresses in order, without a look-up.
  void Start(std::vector<SocketAddress> addresses, std::chrono::nanoseconds timeout);
  /// Forgets the attempt: its handler is not called any more.
  void Cancel();

  /// The address that answered. Requires: OnConnected was called, and Start not since.
  const SocketAddress& address() const { return addresses_[next_ - 1]; }
  /// All that were to be tried; none if the look-up failed.
  const std::vector<SocketAddress>& addresses() const { return addresses_; }

  void OnReadable() override {}
  void OnWritable() override;

 private:
  void OnResolved(const Resolution& resolution);
  /// Goes on to the next address, or reports the last failure.
  void TryNext();
  void OnTimeout();
  void NoteErrno(int error);
  void Fail();

  EventLoop& loop_;
  Resolver& resolver_;
  ConnectHandler& handler_;
  std::chrono::nanoseconds timeout_{};
  Lookup lookup_;
  std::vector<SocketAddress> addresses_;
  std::size_t next_ = 0;
  UniqueFd fd_;
  FdWatcher watcher_;
  Timer timer_;
  ConnectFailure failure_ = ConnectFailure::kOther;
  std::string failure_text_;
};

}  // namespace pgsidecar::net
