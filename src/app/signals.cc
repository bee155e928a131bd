#include "app/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace pgsidecar::app {
namespace {

/// The kernel reaps what ends. Only as PID 1: it would take the exit status from whoever waits for
/// a child of its own.
void ReapOrphans() {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  action.sa_flags = SA_NOCLDWAIT;
  sigaction(SIGCHLD, &action, nullptr);
}

}  // namespace

Signals::Signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  if (::getpid() == 1) ReapOrphans();
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
