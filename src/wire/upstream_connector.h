#pragma once

#include <string>
#include <vector>

#include "net/connector.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "net/tls_handshake.h"
#include "wire/wire_settings.h"

namespace pgsidecar::wire {

/// A connection to PostgreSQL on which nothing of a session was said yet.
struct UpstreamLink {
  net::Transport transport;
  UpstreamTarget target;  ///< Its endpoint is the address that was reached.
};

class UpstreamHandler {
 public:
  virtual ~UpstreamHandler() = default;
  virtual void OnUpstream(UpstreamLink link) = 0;
  /// Every target failed. `reasons`: of each of them, for a person.
  virtual void OnUpstreamFailed(const std::string& reasons) = 0;
  /// The next target is tried.
  virtual void OnUpstreamTried(const UpstreamTarget& /*target*/) {}
};

/// Connects to the first of several targets that answers, and encrypts as the settings say. Tells
/// the servers what it learns of them. Calls OnUpstream or OnUpstreamFailed exactly once, never
/// from within Start. Loop thread only.
///
/// PostgreSQL manual, "SSL Session Encryption": one SSLRequest, answered by one byte. Anything
/// more than that byte ends the attempt (CVE-2021-23222), and so does a failed handshake: there
/// is no second try in plaintext.
class UpstreamConnector final : public net::ConnectHandler,
                                public net::FdHandler,
                                public net::TlsHandler {
 public:
  UpstreamConnector(net::EventLoop& loop, net::Resolver& resolver, UpstreamHandler& handler);
  ~UpstreamConnector() override;

  enum class Encryption : std::uint8_t { kAsConfigured, kNone };

  /// Tries `targets` in their order. Requires: not empty.
  void Start(WireSettingsPtr settings, std::vector<UpstreamTarget> targets,
             Encryption encryption = Encryption::kAsConfigured);
  /// Forgets the attempt: its handler is not called any more.
  void Cancel();

  // net::ConnectHandler, net::FdHandler, net::TlsHandler
  void OnConnected(UniqueFd fd) override;
  void OnConnectFailed(net::ConnectFailure reason, const std::string& text) override;
  void OnReadable() override;
  void OnWritable() override {}
  void OnTlsReady(net::Transport transport) override;
  void OnTlsFailed(const std::string& text) override;

 private:
  const UpstreamTarget& target() const { return targets_[next_]; }
  void TryNext();
  void OnAnswer(char answer);
  void Done(net::Transport transport);
  /// The target at hand failed: on to the next one, or to the end.
  void Failed(net::ConnectFailure reason, const std::string& text);

  net::EventLoop& loop_;
  UpstreamHandler& handler_;
  net::Connector connector_;
  net::TlsHandshake handshake_;
  net::FdWatcher watcher_;
  net::Timer timer_;
  net::Transport transport_;
  WireSettingsPtr settings_;
  std::vector<UpstreamTarget> targets_;
  std::size_t next_ = 0;
  Encryption encryption_ = Encryption::kAsConfigured;
  std::string reasons_;
};

}  // namespace pgsidecar::wire
