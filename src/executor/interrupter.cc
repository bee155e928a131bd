#include "executor/interrupter.h"

#include <fcntl.h>
#include <sys/socket.h>

namespace pgsidecar::executor {
namespace {

void ShutDown(const UniqueFd& socket) {
  if (socket) ::shutdown(socket.get(), SHUT_RDWR);
}

}  // namespace

void Interrupter::Watch(int socket) {
  const std::lock_guard lock(mutex_);
  socket_.reset(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  if (stopped_) ShutDown(socket_);
}

void Interrupter::Forget() {
  const std::lock_guard lock(mutex_);
  socket_.reset();
}

void Interrupter::Break() {
  const std::lock_guard lock(mutex_);
  ShutDown(socket_);
}

void Interrupter::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  ShutDown(socket_);
}

}  // namespace pgsidecar::executor
