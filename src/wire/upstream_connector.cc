#include "wire/upstream_connector.h"

#include <cerrno>

namespace pgsidecar::wire {
namespace {

/// SSLRequest (PostgreSQL manual, "Message Formats"): its length and 1234, 5679.
constexpr std::string_view kSslRequest("\0\0\0\x08\x04\xd2\x16\x2f", 8);

/// The numeric endpoint of an address, or `fallback` where it has none (Unix sockets).
net::Endpoint EndpointOf(const net::SocketAddress& address, const net::Endpoint& fallback) {
  if (address.is_unix()) return fallback;
  const Result<net::Endpoint> parsed = net::ParseEndpoint(address.ToString());
  return parsed.ok() ? parsed.value() : fallback;
}

}  // namespace

UpstreamConnector::UpstreamConnector(net::EventLoop& loop, net::Resolver& resolver,
                                     UpstreamHandler& handler)
    : loop_(loop),
      handler_(handler),
      connector_(loop, resolver, *this),
      handshake_(loop, *this),
      watcher_(loop, *this),
      timer_(loop,
             [this] { Failed(net::ConnectFailure::kTimeout, "TLS was not established in time"); }) {
}

UpstreamConnector::~UpstreamConnector() { Cancel(); }

void UpstreamConnector::Start(WireSettingsPtr settings, std::vector<UpstreamTarget> targets,
                              Encryption encryption) {
  settings_ = std::move(settings);
  targets_ = std::move(targets);
  encryption_ = encryption;
  next_ = 0;
  reasons_.clear();
  TryNext();
}

void UpstreamConnector::Cancel() {
  connector_.Cancel();
  handshake_.Cancel();
  watcher_.Detach();
  timer_.Stop();
  transport_.Close();
}

void UpstreamConnector::TryNext() {
  handler_.OnUpstreamTried(target());
  connector_.Start(target().endpoint, settings_->options.upstream.connect_timeout);
}

void UpstreamConnector::OnConnected(UniqueFd fd) {
  const Upstream& upstream = settings_->options.upstream;
  targets_[next_].endpoint = EndpointOf(connector_.address(), target().endpoint);
  const bool is_unix = connector_.address().is_unix();
  if (!is_unix) {
    net::TuneTcp(fd.get(), upstream.keepalive);
    net::SetUserTimeout(fd.get(), upstream.tcp_user_timeout);
  }
  transport_ = net::Transport(std::move(fd));
  // As in libpq, sslmode does not apply to Unix sockets.
  const bool encrypt = settings_->upstream_tls != nullptr && !is_unix;
  if (!encrypt || encryption_ == Encryption::kNone) return Done(std::move(transport_));
  // A fresh socket has room for these few bytes.
  const net::IoResult sent = transport_.Send(kSslRequest);
  if (sent.status != net::IoStatus::kDone || sent.bytes != kSslRequest.size()) {
    return Failed(net::ConnectFailure::kOther, net::ErrnoText(errno));
  }
  watcher_.Attach(transport_.fd());
  watcher_.WatchRead(true);
  timer_.Start(upstream.connect_timeout);
}

void UpstreamConnector::OnReadable() {
  char answer[2];
  const net::IoResult got = transport_.Receive(answer, sizeof answer);
  switch (got.status) {
    case net::IoStatus::kBlocked:
      return;
    case net::IoStatus::kDone:
      if (got.bytes == 1) return OnAnswer(answer[0]);
      return Failed(net::ConnectFailure::kTls, "unexpected bytes behind the answer to SSLRequest");
    case net::IoStatus::kEnd:
    case net::IoStatus::kFailed:
      return Failed(net::ConnectFailure::kTls, "the server closed the connection on SSLRequest");
  }
}

void UpstreamConnector::OnAnswer(char answer) {
  watcher_.Detach();
  if (answer == 'N') {
    timer_.Stop();
    if (settings_->options.upstream.sslmode == SslMode::kPrefer) return Done(std::move(transport_));
    return Failed(net::ConnectFailure::kTls,
                  "the server does not support TLS, but sslmode asks "
                  "for it");
  }
  if (answer != 'S') {
    return Failed(net::ConnectFailure::kTls, "the server did not answer SSLRequest with S or N");
  }
  handshake_.StartClient(transport_.Release(), settings_->upstream_tls,
                         {.server_name = target().host.host});
}

void UpstreamConnector::OnTlsReady(net::Transport transport) {
  timer_.Stop();
  Done(std::move(transport));
}

void UpstreamConnector::OnTlsFailed(const std::string& text) {
  Failed(net::ConnectFailure::kTls, "TLS: " + text);
}

void UpstreamConnector::Done(net::Transport transport) {
  target().server->OnConnected(loop_.Now());
  handler_.OnUpstream({std::move(transport), target()});
}

void UpstreamConnector::OnConnectFailed(net::ConnectFailure reason, const std::string& text) {
  Failed(reason, text);
}

void UpstreamConnector::Failed(net::ConnectFailure reason, const std::string& text) {
  Cancel();
  target().server->OnFailed(loop_.Now(), reason, text);
  AppendReason(reasons_, *target().server, text);
  if (++next_ < targets_.size()) return TryNext();
  handler_.OnUpstreamFailed(reasons_);
}

}  // namespace pgsidecar::wire
