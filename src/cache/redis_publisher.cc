#include "cache/redis_publisher.h"

#include <algorithm>
#include <array>
#include <utility>

namespace pgsidecar::cache {
namespace {

constexpr std::chrono::milliseconds kRetryPause{10};

}  // namespace

bool AppendToLog(RedisConnection& connection, const LogAppend& entry,
                 RedisConnection::Callback callback) {
  const auto fields = entry.fields.Get();
  std::array<std::string_view, 12> command = {
      "XADD", entry.log, "MAXLEN", "~", RedisPublisher::kLogLength, entry.id};
  std::copy(fields.begin(), fields.end(), command.begin() + 6);
  return connection.Send(command, std::move(callback));
}

RedisPublisher::RedisPublisher(Context context)
    : context_(std::move(context)), timer_(context_.loop, [this] { Flush(); }) {}

void RedisPublisher::Start(std::function<void()> on_paid) {
  started_ = true;
  on_paid_ = std::move(on_paid);
  Flush();
}

void RedisPublisher::Stop() {
  started_ = false;
  on_paid_ = nullptr;
  timer_.Stop();
}

void RedisPublisher::Flush() {
  if (!started_ || !context_.connection.ready()) return;
  while (context_.pending.in_flight() < kInFlightMax) {
    std::optional<PendingEvent> next = context_.pending.Take(context_.loop.Now());
    if (!next) break;
    SendEvent(*std::move(next));
  }
  if (on_paid_ && context_.pending.owed() == 0) std::exchange(on_paid_, nullptr)();
  const std::optional<Nanos> due = context_.pending.NextDue();
  if (due) timer_.Start(std::chrono::nanoseconds(*due - context_.loop.Now()));
}

void RedisPublisher::SendEvent(PendingEvent event) {
  // First the generation: who reads of the clear in the log then asks for the new one.
  if (event.event.kind == EventKind::kAll) SendClear();
  const auto on_logged = [this, event, sent = context_.loop.Now()](const RedisAnswer& answer) {
    OnLogged(event, answer, sent);
  };
  if (!context_.connection.ready() ||
      !AppendToLog(context_.connection,
                   {.log = context_.keys.log(), .fields = LogFields(event.event)}, on_logged)) {
    context_.pending.Return(std::move(event));
    RetryLater();
  }
}

void RedisPublisher::SendClear() {
  const std::array<std::string_view, 2> command = {"INCR", context_.keys.generation()};
  const Nanos sent_at = context_.loop.Now();
  const bool sent = context_.connection.Send(command, [this, sent_at](const RedisAnswer& answer) {
    context_.on_answer(answer, context_.loop.Now() - sent_at);
    if (answer.ok() && answer.value().integer()) context_.on_generation(*answer.value().integer());
  });
  // Without it the clear is still in the log, which alone makes all that is older unusable.
  if (!sent) RetryLater();
}

void RedisPublisher::OnLogged(const PendingEvent& event, const RedisAnswer& answer, Nanos sent) {
  const Nanos age = context_.loop.Now() - sent;
  const std::optional<LogId> id = answer.ok() ? ParseLogId(answer.value().text()) : std::nullopt;
  if (!id) {
    context_.pending.Return(event);
    context_.on_answer(answer, age);
    return RetryLater();
  }
  context_.pending.Confirm(event);
  highest_ = std::max(highest_, EventPosition(*id));
  for (const Tickets& each : event.tickets) sink_->OnConfirmed(each, EventPosition(*id));
  context_.on_answer(answer, age);
  if (started_) Flush();
}

void RedisPublisher::RetryLater() {
  if (started_) timer_.Start(kRetryPause);
}

}  // namespace pgsidecar::cache
