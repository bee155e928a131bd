#include "net/connector.h"

#include <cerrno>

namespace pgsidecar::net {
namespace {

ConnectFailure Classify(int error) {
  switch (error) {
    case ECONNREFUSED:
    case ENOENT:  // A Unix socket whose file is missing.
      return ConnectFailure::kRefused;
    case ETIMEDOUT:
      return ConnectFailure::kTimeout;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
      return ConnectFailure::kUnreachable;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
      return ConnectFailure::kResources;
    default:
      return ConnectFailure::kOther;
  }
}

}  // namespace

Connector::Connector(EventLoop& loop, Resolver& resolver, ConnectHandler& handler)
    : loop_(loop),
      resolver_(resolver),
      handler_(handler),
      watcher_(loop, *this),
      timer_(loop, [this] { OnTimeout(); }) {}

Connector::~Connector() { watcher_.Detach(); }

void Connector::Start(const Endpoint& endpoint, std::chrono::nanoseconds timeout) {
  timeout_ = timeout;
  addresses_.clear();
  next_ = 0;
  timer_.Start(timeout);
  failure_ = ConnectFailure::kDns;
  failure_text_ = "the host name could not be resolved in time";
  lookup_ = resolver_.Resolve(loop_, endpoint,
                              [this](const Resolution& resolution) { OnResolved(resolution); });
}

void Connector::Start(std::vector<SocketAddress> addresses, std::chrono::nanoseconds timeout) {
  timeout_ = timeout;
  addresses_ = std::move(addresses);
  next_ = 0;
  lookup_ = Lookup();
  failure_ = ConnectFailure::kDns;
  failure_text_ = "there is no address";
  // A connection may be there at once, and its handler must not be called from within Start.
  timer_.Start(std::chrono::nanoseconds(0));
}

void Connector::Cancel() {
  lookup_ = Lookup();
  watcher_.Detach();
  timer_.Stop();
  fd_.reset();
}

void Connector::OnResolved(const Resolution& resolution) {
  if (!resolution.failure.empty()) failure_text_ = resolution.failure;
  addresses_ = resolution.addresses;
  TryNext();
}

void Connector::TryNext() {
  while (next_ < addresses_.size()) {
    const SocketAddress& address = addresses_[next_++];
    watcher_.Detach();
    fd_ = NewSocket(address.storage.ss_family);
    if (!fd_) {
      NoteErrno(errno);
      continue;
    }
    // A Unix socket whose backlog is full says EAGAIN and will not become writable: that is a
    // failure of this address, not progress.
    const bool failed =
        ::connect(fd_.get(), address.get(), address.length) != 0 && errno != EINPROGRESS;
    if (failed) {
      NoteErrno(errno);
      continue;
    }
    watcher_.Attach(fd_.get());
    watcher_.WatchWrite(true);
    timer_.Start(timeout_);
    return;
  }
  Fail();
}

void Connector::OnWritable() {
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error != 0) {
    NoteErrno(error);
    return TryNext();
  }
  timer_.Stop();
  watcher_.Detach();
  handler_.OnConnected(std::move(fd_));
}

void Connector::OnTimeout() {
  lookup_ = Lookup();
  if (next_ > 0) {
    failure_ = ConnectFailure::kTimeout;
    failure_text_ = "connection timed out";
  }
  TryNext();
}

void Connector::NoteErrno(int error) {
  failure_ = Classify(error);
  failure_text_ = ErrnoText(error);
}

void Connector::Fail() {
  timer_.Stop();
  watcher_.Detach();
  fd_.reset();
  const std::string text = failure_text_;
  handler_.OnConnectFailed(failure_, text);
}

}  // namespace pgsidecar::net
