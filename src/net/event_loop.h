#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"

struct event;
struct event_base;

namespace pgsidecar::net {

struct EventDeleter {
  void operator()(event* target) const;
};
using EventPtr = std::unique_ptr<event, EventDeleter>;

/// Told once per pass of an EventLoop, after its handlers ran.
class PassObserver {
 public:
  virtual ~PassObserver() = default;
  /// `busy`: from the first Now() of the pass to its end; 0 if no handler asked for the time.
  virtual void OnPassEnd(Nanos busy) = 0;
};

/// One thread that waits for descriptors, timers and posted work, over libevent. Every member but
/// Post and Stop is for the loop's own thread, or for any one thread before Run.
class EventLoop {
 public:
  explicit EventLoop(const Clock& clock);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Runs until Stop. The thread that calls it becomes the loop's thread.
  void Run(PassObserver& observer);
  /// Thread-safe.
  void Stop();
  /// Runs `work` on the loop's thread, in order of posting. Thread-safe. What was posted but not
  /// run when the loop ends is dropped.
  void Post(std::function<void()> work);

  /// Reads the monotonic clock; the first read of a pass is where its busy time starts.
  Nanos Now() {
    const Nanos now = clock_.Now();
    if (pass_start_ == 0) pass_start_ = now;
    return now;
  }
  const Clock& clock() const { return clock_; }
  event_base* base() const { return base_.get(); }

 private:
  struct BaseDeleter {
    void operator()(event_base* base) const;
  };
  static void OnWakeUp(int fd, short what, void* self);
  void Wake();

  const Clock& clock_;
  std::unique_ptr<event_base, BaseDeleter> base_;
  UniqueFd wake_fd_;
  EventPtr wake_event_;
  Nanos pass_start_ = 0;

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // Guarded by mutex_.
  bool stopping_ = false;                      // Guarded by mutex_.
  bool stopped_ = false;                       // Loop thread only.
};

/// Calls back once, some time after Start. Loop thread only.
class Timer {
 public:
  Timer(EventLoop& loop, std::function<void()> on_due);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Due `delay` from now; replaces an earlier Start.
  void Start(std::chrono::nanoseconds delay);
  void Stop();

 private:
  static void OnDue(int fd, short what, void* self);

  std::function<void()> on_due_;
  EventPtr event_;
};

/// What a descriptor is ready for.
class FdHandler {
 public:
  virtual ~FdHandler() = default;
  virtual void OnReadable() = 0;
  virtual void OnWritable() = 0;
};

/// Watches one descriptor, level-triggered. Reading is meant to stay on; writing is turned on only
/// while something waits to be written. Turning a thing on twice costs nothing. Loop thread only;
/// must be destroyed or stopped before the descriptor is closed.
class FdWatcher {
 public:
  FdWatcher(EventLoop& loop, FdHandler& handler) : loop_(loop), handler_(handler) {}
  FdWatcher(const FdWatcher&) = delete;
  FdWatcher& operator=(const FdWatcher&) = delete;

  /// The descriptor to watch; nothing is on yet.
  void Attach(int fd);
  /// Forgets the descriptor. No callback comes after it.
  void Detach();

  void WatchRead(bool on);
  void WatchWrite(bool on);
  /// Calls OnReadable in the next pass although the kernel announces nothing: for bytes that wait
  /// above the socket. Only if reading is on; WatchRead(false) takes it back.
  void Activate();
  bool reading() const { return reading_; }
  bool writing() const { return writing_; }

 private:
  static void OnReady(int fd, short what, void* self);
  static void OnActivated(int fd, short what, void* self);
  void Watch(EventPtr& target, short what, bool on);

  EventLoop& loop_;
  FdHandler& handler_;
  int fd_ = -1;
  bool reading_ = false;
  bool writing_ = false;
  EventPtr read_event_;
  EventPtr write_event_;
  EventPtr activation_;
};

}  // namespace pgsidecar::net
