#include "app/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <array>
#include <csignal>

namespace pgsidecar::app {

Signals::Signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  signals_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  notified_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

Event Signals::Wait(std::chrono::milliseconds timeout) {
  std::array<pollfd, 2> fds = {pollfd{signals_.get(), POLLIN, 0},
                               pollfd{notified_.get(), POLLIN, 0}};
  if (::poll(fds.data(), fds.size(), static_cast<int>(timeout.count())) <= 0) {
    return Event::kTimeout;
  }
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    return info.ssi_signo == SIGHUP ? Event::kHangUp : Event::kTerminate;
  }
  eventfd_t count = 0;
  return eventfd_read(notified_.get(), &count) == 0 ? Event::kNotified : Event::kTimeout;
}

void Signals::Notify() { eventfd_write(notified_.get(), 1); }

}  // namespace pgsidecar::app
