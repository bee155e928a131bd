#include "app/control_queue.h"

#include <utility>

namespace pgsidecar::app {

ControlQueue::ControlQueue(std::function<void()> wake, std::chrono::milliseconds patience)
    : wake_(std::move(wake)), patience_(patience) {}

std::optional<ReloadReport> ControlQueue::AskReload() {
  const auto question = std::make_shared<Question>();
  std::unique_lock lock(mutex_);
  if (closed_ || waiting_.size() >= kWaitingMax) return std::nullopt;
  waiting_.push_back(question);
  wake_();
  answered_.wait_for(lock, patience_, [&] { return closed_ || question->report.has_value(); });
  question->withdrawn = true;
  return std::move(question->report);
}

void ControlQueue::AskDrain() {
  const std::scoped_lock lock(mutex_);
  ++drains_;
  wake_();
}

void ControlQueue::Serve(const std::function<ReloadReport()>& reload,
                         const std::function<void()>& drain) {
  Waiting questions;
  int drains = 0;
  {
    const std::scoped_lock lock(mutex_);
    questions.swap(waiting_);
    std::swap(drains, drains_);
  }
  for (const auto& question : questions) {
    if (IsWithdrawn(*question)) continue;
    ReloadReport report = reload();
    const std::scoped_lock lock(mutex_);
    question->report = std::move(report);
    answered_.notify_all();
  }
  for (int i = 0; i < drains; ++i) drain();
}

void ControlQueue::Close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  answered_.notify_all();
}

bool ControlQueue::IsWithdrawn(const Question& question) {
  const std::scoped_lock lock(mutex_);
  return question.withdrawn;
}

}  // namespace pgsidecar::app
