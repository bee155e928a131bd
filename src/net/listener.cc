#include "net/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace pgsidecar::net {
namespace {

using std::chrono::milliseconds;

constexpr int kBacklog = 1024;
constexpr int kAcceptsPerWakeUp = 64;
constexpr milliseconds kPauseMin{100};
constexpr milliseconds kPauseMax{1000};

UniqueFd OpenSpare() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

Error ListenError(const Endpoint& endpoint, const std::string& reason) {
  return Error{"cannot listen on " + endpoint.ToString() + ": " + reason};
}

/// Whether a socket file is left over from a process that is gone.
bool IsStale(const SocketAddress& address) {
  const UniqueFd probe = NewSocket(AF_UNIX);
  return probe && ::connect(probe.get(), address.get(), address.length) != 0 &&
         errno == ECONNREFUSED;
}

bool OutOfDescriptors(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Listener::Listener(EventLoop& loop, Endpoint endpoint, AcceptHandler& handler)
    : endpoint_(std::move(endpoint)),
      handler_(handler),
      spare_(OpenSpare()),
      watcher_(loop, *this),
      resume_(loop, [this] { watcher_.WatchRead(true); }) {}

Listener::~Listener() {
  watcher_.Detach();
  if (fd_ && endpoint_.is_unix()) ::unlink(endpoint_.unix_path().c_str());
}

Result<std::unique_ptr<Listener>> Listener::Bind(EventLoop& loop, const Endpoint& endpoint,
                                                 AcceptHandler& handler) {
  std::unique_ptr<Listener> listener(new Listener(loop, endpoint, handler));
  const Status bound = endpoint.is_unix() ? listener->BindUnix() : listener->BindTcp();
  if (!bound.ok()) return bound.error();
  if (::listen(listener->fd_.get(), kBacklog) != 0) {
    return ListenError(endpoint, ErrnoText(errno));
  }
  listener->watcher_.Attach(listener->fd_.get());
  return listener;
}

Status Listener::BindTcp() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(endpoint_.port);
  const int failure = ::getaddrinfo(endpoint_.host.c_str(), port.c_str(), &hints, &found);
  if (failure != 0) return ListenError(endpoint_, ::gai_strerror(failure));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  fd_ = NewSocket(found->ai_family);
  const int on = 1;
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!fd_ || ::bind(fd_.get(), found->ai_addr, found->ai_addrlen) != 0) {
    return ListenError(endpoint_, ErrnoText(errno));
  }
  SocketAddress bound;
  bound.length = sizeof bound.storage;
  if (::getsockname(fd_.get(), bound.get(), &bound.length) == 0) endpoint_.port = bound.port();
  return {};
}

Status Listener::BindUnix() {
  const std::string path = endpoint_.unix_path();
  const Result<SocketAddress> address = UnixAddress(path);
  if (!address.ok()) return address.error();
  if (IsStale(address.value())) ::unlink(path.c_str());
  UniqueFd fd = NewSocket(AF_UNIX);
  // The mode must hold from the first moment: bind under a umask, not chmod afterwards.
  const mode_t former = ::umask(0117);
  const int bound = fd ? ::bind(fd.get(), address.value().get(), address.value().length) : -1;
  const int error = errno;
  ::umask(former);
  if (bound != 0) return ListenError(endpoint_, ErrnoText(error));
  fd_ = std::move(fd);  // From here on the file is ours to remove.
  return {};
}

void Listener::Start() { watcher_.WatchRead(true); }

void Listener::OnReadable() {
  for (int i = 0; i < kAcceptsPerWakeUp; ++i) {
    SocketAddress peer;
    peer.length = sizeof peer.storage;
    UniqueFd client(::accept4(fd_.get(), peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client) {
      pause_ = {};
      handler_.OnAccepted(std::move(client), peer);
      continue;
    }
    if (OutOfDescriptors(errno)) return Pause();
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    // Anything else belongs to the one connection that is gone already (ECONNABORTED, EPROTO …).
  }
}

void Listener::Pause() {
  spare_.reset();
  if (UniqueFd refused(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)); refused) {
    handler_.OnAcceptRefused();
  }
  spare_ = OpenSpare();
  watcher_.WatchRead(false);
  pause_ = std::clamp(pause_ * 2, kPauseMin, kPauseMax);
  resume_.Start(pause_);
}

}  // namespace pgsidecar::net
