#include "net/event_loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace pgsidecar::net {
namespace {

timeval ToTimeval(std::chrono::nanoseconds duration) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return {.tv_sec = micros / 1'000'000, .tv_usec = micros % 1'000'000};
}

event_base* NewBase() {
  event_config* config = event_config_new();
  // The library's own threads support is never turned on: other threads come in through Post.
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  return base;
}

}  // namespace

void EventDeleter::operator()(event* target) const { event_free(target); }

void EventLoop::BaseDeleter::operator()(event_base* base) const { event_base_free(base); }

EventLoop::EventLoop(const Clock& clock)
    : clock_(clock), base_(NewBase()), wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  // Without these two nothing can run at all; there is no smaller failure to offer.
  if (base_ == nullptr || !wake_fd_) std::abort();
  wake_event_.reset(
      event_new(base_.get(), wake_fd_.get(), EV_READ | EV_PERSIST, &EventLoop::OnWakeUp, this));
  event_add(wake_event_.get(), nullptr);
}

EventLoop::~EventLoop() = default;

void EventLoop::Run(PassObserver& observer) {
  while (!stopped_) {
    pass_start_ = 0;
    event_base_loop(base_.get(), EVLOOP_ONCE);
    observer.OnPassEnd(pass_start_ == 0 ? 0 : clock_.Now() - pass_start_);
  }
}

void EventLoop::Stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  Wake();
}

void EventLoop::Post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(work));
  if (posted_.size() == 1) Wake();
}

void EventLoop::Wake() {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is awake already.
  [[maybe_unused]] const ssize_t written = write(wake_fd_.get(), &one, sizeof one);
}

void EventLoop::OnWakeUp(int fd, short /*what*/, void* self) {
  auto* loop = static_cast<EventLoop*>(self);
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(fd, &count, sizeof count);
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(loop->mutex_);
    work.swap(loop->posted_);
    loop->stopped_ = loop->stopping_;
  }
  for (auto& each : work) each();
}

Timer::Timer(EventLoop& loop, std::function<void()> on_due)
    : on_due_(std::move(on_due)), event_(evtimer_new(loop.base(), &Timer::OnDue, this)) {}

Timer::~Timer() = default;

void Timer::Start(std::chrono::nanoseconds delay) {
  const timeval due = ToTimeval(std::max(delay, std::chrono::nanoseconds(0)));
  event_add(event_.get(), &due);
}

void Timer::Stop() { event_del(event_.get()); }

void Timer::OnDue(int /*fd*/, short /*what*/, void* self) { static_cast<Timer*>(self)->on_due_(); }

void FdWatcher::Attach(int fd) {
  Detach();
  fd_ = fd;
}

void FdWatcher::Detach() {
  read_event_.reset();
  write_event_.reset();
  activation_.reset();
  reading_ = writing_ = false;
  fd_ = -1;
}

void FdWatcher::WatchRead(bool on) {
  if (on == reading_) return;
  reading_ = on;
  Watch(read_event_, EV_READ | EV_PERSIST, on);
  if (!on && activation_ != nullptr) event_del(activation_.get());
}

void FdWatcher::WatchWrite(bool on) {
  if (on == writing_) return;
  writing_ = on;
  Watch(write_event_, EV_WRITE | EV_PERSIST, on);
}

void FdWatcher::Activate() {
  if (!reading_) return;
  if (activation_ == nullptr) {
    activation_.reset(evtimer_new(loop_.base(), &FdWatcher::OnActivated, this));
  }
  // A timer, not event_active: that one would run again in this pass, before any other socket is
  // asked, and a peer that sends fast could keep the loop to itself.
  const timeval at_once{};
  event_add(activation_.get(), &at_once);
}

void FdWatcher::Watch(EventPtr& target, short what, bool on) {
  if (target == nullptr) {
    target.reset(event_new(loop_.base(), fd_, what, &FdWatcher::OnReady, this));
  }
  if (on) {
    event_add(target.get(), nullptr);
  } else {
    event_del(target.get());
  }
}

void FdWatcher::OnReady(int /*fd*/, short what, void* self) {
  auto* watcher = static_cast<FdWatcher*>(self);
  if ((what & EV_WRITE) != 0) {
    watcher->handler_.OnWritable();
  } else {
    watcher->handler_.OnReadable();
  }
}

void FdWatcher::OnActivated(int /*fd*/, short /*what*/, void* self) {
  static_cast<FdWatcher*>(self)->handler_.OnReadable();
}

}  // namespace pgsidecar::net
