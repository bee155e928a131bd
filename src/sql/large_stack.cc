#include "sql/large_stack.h"

#include <cstring>
#include <string>

namespace pgsidecar::sql {
namespace {

constexpr std::size_t kStackBytes = std::size_t{8} * 1024 * 1024;

void* Call(void* body) {
  (*static_cast<std::function<void()>*>(body))();
  return nullptr;
}

}  // namespace

Status LargeStackThread::Start(std::function<void()> body) {
  body_ = std::move(body);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  int failure = pthread_attr_setstacksize(&attributes, kStackBytes);
  if (failure == 0) failure = pthread_create(&thread_, &attributes, Call, &body_);
  pthread_attr_destroy(&attributes);
  running_ = failure == 0;
  if (running_) return {};
  return Error{std::string("cannot start the statement worker: ") + std::strerror(failure)};
}

void LargeStackThread::Join() {
  if (running_) pthread_join(thread_, nullptr);
  running_ = false;
}

Status RunOnLargeStack(std::function<void()> body) {
  LargeStackThread thread;
  return thread.Start(std::move(body));
}

}  // namespace pgsidecar::sql
