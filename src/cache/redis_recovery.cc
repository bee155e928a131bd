#include "cache/redis_recovery.h"

#include <array>
#include <charconv>
#include <utility>

namespace pgsidecar::cache {
namespace {

constexpr int kMarkAttempts = 3;

const RedisAnswer kBusy{.reply = {}, .failure = RedisFailure::kBusy};
const RedisAnswer kNonsense{.reply = {}, .failure = RedisFailure::kProtocol};

/// `-ERR The ID specified in XADD is equal or smaller than the target stream top item`
bool IsIdTooSmall(const RedisAnswer& answer) {
  return answer.value().is_error() &&
         answer.value().text().find("equal or smaller") != std::string_view::npos;
}

}  // namespace

void RedisRecovery::Send(RedisConnection::Arguments arguments, Then then) {
  const auto guarded = [this, life = life_, then = std::move(then)](const RedisAnswer& answer) {
    if (life != life_ || !answer.reply) return;  // Its handler tells of a lost connection.
    if (!answer.ok()) return Finish(&answer);
    then(answer);
  };
  if (!context_.write.ready() || !context_.write.Send(arguments, guarded)) Finish(&kBusy);
}

void RedisRecovery::Start(const From& from, Done done) {
  Stop();
  highest_ = from.highest;
  done_ = std::move(done);
  constexpr Nanos kMicro = 1000;
  const std::string now = std::to_string((context_.clock.Now() + from.clock_offset) / kMicro);
  // Only if there is none: a generation that was lost must not be one that was there before.
  const std::array<std::string_view, 4> set = {"SET", context_.keys.generation(), now, "NX"};
  Send(set, [this](const RedisAnswer& answer) {
    had_generation_ = answer.value().is_nil();
    ReadGeneration();
  });
}

void RedisRecovery::ReadGeneration() {
  const std::array<std::string_view, 2> get = {"GET", context_.keys.generation()};
  Send(get, [this](const RedisAnswer& answer) {
    const std::string_view digits = answer.value().text();
    std::int64_t generation = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, failure] = std::from_chars(digits.data(), end, generation);
    if (failure != std::errc() || stop != end) return Finish(&kNonsense);
    context_.on_generation(generation);
    Mark("*", kMarkAttempts);
  });
}

void RedisRecovery::Mark(const std::string& id, int attempts_left) {
  const auto on_marked = [this, life = life_, attempts_left](const RedisAnswer& answer) {
    if (life == life_ && answer.reply) OnMarked(answer, attempts_left);
  };
  if (!context_.write.ready() ||
      !AppendToLog(context_.write,
                   {.log = context_.keys.log(), .fields = LogFields::Mark(), .id = id},
                   on_marked)) {
    Finish(&kBusy);
  }
}

void RedisRecovery::OnMarked(const RedisAnswer& answer, int attempts_left) {
  const std::optional<LogId> id = answer.ok() ? ParseLogId(answer.value().text()) : std::nullopt;
  if (id && ReadPosition(*id) > highest_) {
    mark_ = *id;
    return Publish();
  }
  // The server's clock went back, or its log is another one: the log is led above what we know. An
  // error then means that somebody else was faster.
  if (attempts_left == 0) return Finish(answer.ok() ? &kNonsense : &answer);
  const bool behind = id.has_value();
  if (!behind && !IsIdTooSmall(answer)) return Finish(&answer);
  Mark(behind ? NextLogId(highest_).ToString() : "*", attempts_left - 1);
}

void RedisRecovery::Publish() {
  context_.publisher.Start([this, life = life_] {
    if (life == life_) ReadLog();
  });
}

void RedisRecovery::ReadLog() {
  context_.log.ReadToEnd(context_.read_log,
                         [this, life = life_](RedisLog::End end, const RedisAnswer* answer) {
                           if (life != life_) return;
                           if (end != RedisLog::End::kDone) return Finish(answer);
                           OnLogRead();
                         });
}

void RedisRecovery::OnLogRead() {
  if (!had_generation_ || context_.log.first() != mark_) return Finish(nullptr);
  const std::array<std::string_view, 2> command = {"INCR", context_.keys.generation()};
  Send(command, [this](const RedisAnswer& answer) {
    const std::optional<std::int64_t> generation = answer.value().integer();
    if (!generation) return Finish(&kNonsense);
    context_.on_generation(*generation);
    Finish(nullptr);
  });
}

void RedisRecovery::Stop() {
  ++life_;
  context_.log.Stop();
}

void RedisRecovery::Finish(const RedisAnswer* failure) {
  ++life_;
  const Done done = std::move(done_);
  done(failure);
}

}  // namespace pgsidecar::cache
