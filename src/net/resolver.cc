#include "net/resolver.h"

#include <netdb.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

namespace pgsidecar::net {
namespace {

constexpr std::size_t kQueueMax = 1024;

Resolution LookUp(const Endpoint& endpoint, int flags) {
  Resolution resolution;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(endpoint.port);
  const int failure = ::getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &found);
  if (failure != 0) {
    resolution.failure = "cannot resolve the host name: " + std::string(::gai_strerror(failure));
    return resolution;
  }
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.length = each->ai_addrlen;
    resolution.addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  return resolution;
}

/// The answer that needs no look-up, or nothing at all.
Resolution LookUpAtOnce(const Endpoint& endpoint) {
  if (!endpoint.is_unix()) return LookUp(endpoint, AI_NUMERICHOST);
  Resolution resolution;
  const Result<SocketAddress> address = UnixAddress(endpoint.unix_path());
  if (address.ok()) {
    resolution.addresses.push_back(address.value());
  } else {
    resolution.failure = address.error().message;
  }
  return resolution;
}

}  // namespace

struct Lookup::Request {
  EventLoop* loop = nullptr;
  Endpoint endpoint;
  Callback callback;  ///< Read and written on the loop's thread only.
};

Lookup::Lookup(std::shared_ptr<Request> request) : request_(std::move(request)) {}

Lookup& Lookup::operator=(Lookup&& other) noexcept {
  Forget();
  request_ = std::move(other.request_);
  return *this;
}

Lookup::~Lookup() { Forget(); }

void Lookup::Forget() {
  if (request_ != nullptr) request_->callback = nullptr;
}

struct Resolver::State {
  using RequestPtr = std::shared_ptr<Lookup::Request>;  // Second owner: the Lookup.

  static void Answer(const RequestPtr& request, Resolution resolution) {
    request->loop->Post([request, resolution = std::move(resolution)] {
      if (request->callback == nullptr) return;
      const Lookup::Callback callback = std::move(request->callback);
      request->callback = nullptr;
      callback(resolution);
    });
  }

  /// The first request and all others for the same name. Requires: the lock, a non-empty queue.
  std::vector<RequestPtr> TakeBatch() {
    const Endpoint wanted = queue.front()->endpoint;
    const auto same = std::stable_partition(queue.begin(), queue.end(), [&](const auto& each) {
      return each->endpoint.host != wanted.host || each->endpoint.port != wanted.port;
    });
    std::vector<RequestPtr> batch(same, queue.end());
    queue.erase(same, queue.end());
    return batch;
  }

  void Run() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return stopping || !queue.empty(); });
      if (stopping) return;
      const std::vector<RequestPtr> batch = TakeBatch();
      lock.unlock();
      const Resolution resolution = LookUp(batch.front()->endpoint, 0);
      for (const RequestPtr& each : batch) Answer(each, resolution);
      lock.lock();
    }
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<RequestPtr> queue;  // Guarded by mutex.
  bool stopping = false;         // Guarded by mutex.
  std::thread thread;
};

Resolver::Resolver() : state_(std::make_unique<State>()) {
  state_->thread = std::thread([state = state_.get()] { state->Run(); });
}

Resolver::~Resolver() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_one();
  state_->thread.join();
}

Lookup Resolver::Resolve(EventLoop& loop, const Endpoint& endpoint, Lookup::Callback callback) {
  auto request = std::make_shared<Lookup::Request>(
      Lookup::Request{.loop = &loop, .endpoint = endpoint, .callback = std::move(callback)});
  Resolution at_once = LookUpAtOnce(endpoint);
  if (!at_once.addresses.empty() || endpoint.is_unix()) {
    State::Answer(request, std::move(at_once));
    return Lookup(std::move(request));
  }
  const std::lock_guard lock(state_->mutex);
  if (state_->queue.size() >= kQueueMax) {
    State::Answer(request, {.addresses = {}, .failure = "too many host names wait to be resolved"});
  } else {
    state_->queue.push_back(request);
    state_->changed.notify_one();
  }
  return Lookup(std::move(request));
}

}  // namespace pgsidecar::net
