#include "net/resolver.h"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <thread>

namespace pgsidecar::net {
namespace {

constexpr std::size_t kQueueMax = 1024;
constexpr std::size_t kThreads = 4;

Resolution AskSystem(const Endpoint& endpoint, int flags) {
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
  if (!endpoint.is_unix()) return AskSystem(endpoint, AI_NUMERICHOST);
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

  /// One name and everybody who wants to know its addresses.
  struct Job {
    Endpoint endpoint;
    std::vector<RequestPtr> requests;
    bool running = false;  ///< A thread looks it up.
  };

  static void Answer(const RequestPtr& request, Resolution resolution) {
    request->loop->Post([request, resolution = std::move(resolution)] {
      if (request->callback == nullptr) return;
      const Lookup::Callback callback = std::move(request->callback);
      request->callback = nullptr;
      callback(resolution);
    });
  }

  void Add(const RequestPtr& request) {
    const std::lock_guard lock(mutex);
    if (waiting >= kQueueMax) {
      Answer(request, {.addresses = {}, .failure = "too many host names wait to be resolved"});
      return;
    }
    ++waiting;
    const Endpoint& wanted = request->endpoint;
    for (Job& job : jobs) {
      if (job.endpoint.host == wanted.host && job.endpoint.port == wanted.port) {
        job.requests.push_back(request);
        return;
      }
    }
    jobs.push_back({.endpoint = wanted, .requests = {request}});
    changed.notify_one();
  }

  void Run() {
    std::unique_lock lock(mutex);
    for (;;) {
      auto job = jobs.end();
      changed.wait(lock, [&] {
        job = std::find_if(jobs.begin(), jobs.end(), [](const Job& each) { return !each.running; });
        return stopping || job != jobs.end();
      });
      if (stopping) return;
      job->running = true;
      lock.unlock();
      const Resolution resolution = look_up(job->endpoint);
      lock.lock();
      for (const RequestPtr& each : job->requests) Answer(each, resolution);
      waiting -= job->requests.size();
      jobs.erase(job);
    }
  }

  LookUp look_up;
  std::mutex mutex;
  std::condition_variable changed;
  std::list<Job> jobs;      // Guarded by mutex; the endpoint of a running one is constant.
  std::size_t waiting = 0;  // Guarded by mutex: requests in jobs.
  bool stopping = false;    // Guarded by mutex.
  std::array<std::thread, kThreads> threads;
};

Resolver::Resolver() : Resolver([](const Endpoint& endpoint) { return AskSystem(endpoint, 0); }) {}

Resolver::Resolver(LookUp look_up) : state_(std::make_unique<State>()) {
  state_->look_up = std::move(look_up);
  for (std::thread& each : state_->threads) {
    each = std::thread([state = state_.get()] { state->Run(); });
  }
}

Resolver::~Resolver() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  for (std::thread& each : state_->threads) each.join();
}

Lookup Resolver::Resolve(EventLoop& loop, const Endpoint& endpoint, Lookup::Callback callback) {
  auto request = std::make_shared<Lookup::Request>(
      Lookup::Request{.loop = &loop, .endpoint = endpoint, .callback = std::move(callback)});
  Resolution at_once = LookUpAtOnce(endpoint);
  if (!at_once.addresses.empty() || endpoint.is_unix()) {
    State::Answer(request, std::move(at_once));
  } else {
    state_->Add(request);
  }
  return Lookup(std::move(request));
}

}  // namespace pgsidecar::net
