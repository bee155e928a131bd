#include "cache/redis_machine.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <utility>

namespace pgsidecar::cache {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kWatchEvery{250};
constexpr Nanos kTimeEvery = 60 * kNanosPerSecond;
/// Between the attempts to replace one lost connection while the others work.
constexpr milliseconds kReconnectPause{20};

}  // namespace

RedisMachine::Link::Link(RedisMachine& owner, Role of)
    : machine(owner),
      role(of),
      connection({.loop = owner.context_.loop,
                  .resolver = owner.context_.resolver,
                  .addresses = owner.addresses_},
                 owner.settings_.target, *this),
      reconnect(owner.context_.loop, [this] { connection.Start(); }) {}

RedisMachine::RedisMachine(const Context& context, const RedisSettings& settings)
    : context_(context),
      settings_(settings),
      keys_(settings.prefix, settings.name_space),
      read_(*this, Role::kRead),
      write_(*this, Role::kWrite),
      log_link_(*this, Role::kLog),
      log_(LogContext()),
      publisher_(PublisherContext()),
      recovery_(RecoveryContext()),
      probe_(context.loop, [this] { Attempt(); }),
      watch_(context.loop, [this] { Watch(); }),
      random_(std::random_device()()) {}

RedisLog::Context RedisMachine::LogContext() {
  return {.clock = context_.loop.clock(),
          .keys = keys_,
          .on_generation = [this](std::int64_t generation) { generation_ = generation; },
          .on_lag = [this](double seconds) { context_.books.Lag(seconds); }};
}

RedisPublisher::Context RedisMachine::PublisherContext() {
  return {.loop = context_.loop,
          .keys = keys_,
          .pending = pending_,
          .connection = write_.connection,
          .on_answer =
              [this](const RedisAnswer& answer, Nanos age) {
                if (answer.reply) context_.books.Invalidation(ToSeconds(age));
                Judge(answer);
              },
          .on_generation = [this](std::int64_t generation) { generation_ = generation; }};
}

RedisRecovery::Context RedisMachine::RecoveryContext() {
  return {.clock = context_.loop.clock(),
          .keys = keys_,
          .publisher = publisher_,
          .log = log_,
          .write = write_.connection,
          .read_log = log_link_.connection,
          .on_generation = [this](std::int64_t generation) { generation_ = generation; }};
}

void RedisMachine::Start(RemoteSink& sink) {
  sink_ = &sink;
  stopped_ = false;
  log_.set_sink(sink);
  publisher_.set_sink(sink);
  EnterRecovering();
  Attempt();
}

void RedisMachine::Stop() {
  stopped_ = true;
  probe_.Stop();
  state_ = CacheState::kMemory;
  StopLinks();
  context_.books.Up(false);
}

// Connections.

void RedisMachine::Attempt() {
  attempting_ = true;
  for (Link* link : {&read_, &write_, &log_link_}) link->connection.Start();
}

void RedisMachine::SetClockOffset(Nanos offset) {
  context_.clock_offset = offset;
  log_.set_clock_offset(offset);
}

void RedisMachine::OnReady(Link& link, const RedisServer& server) {
  link.server = server;
  SetClockOffset(server.clock_offset);
  if (state_ == CacheState::kRedis) {
    if (server.run_id != run_id_) return Restart();
    if (link.role == Role::kLog) FollowLog();
    if (link.role == Role::kWrite) publisher_.Flush();
    return;
  }
  const bool all =
      read_.connection.ready() && write_.connection.ready() && log_link_.connection.ready();
  if (all) Recover();
}

void RedisMachine::OnClosed(Link& link, RedisFailure failure, const std::string& text) {
  if (state_ != CacheState::kRedis && !attempting_) return;
  context_.books.Error(failure);
  if (state_ != CacheState::kRedis) return EnterMemory(failure, text);
  if (link.role == Role::kLog) log_.Stop();
  Count(failure, text);
  if (state_ == CacheState::kRedis) link.reconnect.Start(kReconnectPause);
}

void RedisMachine::Count(RedisFailure failure, const std::string& text) {
  const bool opens = breaker_.Fail(context_.loop.Now(), failure);
  // Recovery goes through without an error or not at all.
  const bool spoils = state_ == CacheState::kRecovering && attempting_;
  if (spoils || (opens && state_ == CacheState::kRedis)) EnterMemory(failure, text);
}

void RedisMachine::Judge(const RedisAnswer& answer) {
  if (!answer.reply) return;  // The end of the connection is counted once, not for each command.
  if (answer.ok()) return breaker_.Succeed(context_.loop.Now());
  context_.books.Error(answer.reason());
  Count(answer.reason(), ErrorWords(answer.value().text()));
}

void RedisMachine::StopLinks() {
  recovery_.Stop();
  publisher_.Stop();
  log_.Stop();
  watch_.Stop();
  attempting_ = false;
  for (Link* link : {&read_, &write_, &log_link_}) {
    link->reconnect.Stop();
    link->connection.Stop();
  }
}

// States.

void RedisMachine::EnterRecovering() {
  state_ = CacheState::kRecovering;
  context_.books.Up(false);
  epoch_ = sink_->OnState(state_);
}

void RedisMachine::Recover() {
  if (read_.server.run_id != write_.server.run_id ||
      read_.server.run_id != log_link_.server.run_id) {
    // Restarted between two logins, or a balancer: only one server at a time makes sense.
    return EnterMemory(RedisFailure::kReset, "connections reached different servers");
  }
  publisher_.Stop();
  log_.Stop();
  watch_.Stop();
  if (state_ != CacheState::kRecovering) EnterRecovering();
  attempting_ = true;
  run_id_ = read_.server.run_id;
  pending_.Owe();
  recovery_.Start({.clock_offset = read_.server.clock_offset, .highest = HighestPosition()},
                  [this](const RedisAnswer* failure) { OnRecovered(failure); });
}

Position RedisMachine::HighestPosition() const {
  // A millisecond of room: the core counts on from the last position while Redis is away.
  const Position room = (Position{1} << kSequenceBits) + published_;
  const Position read = log_.last() ? EventPosition(*log_.last()) : 0;
  const Position highest = std::max(read, publisher_.highest());
  return highest > 0 ? highest + room : 0;
}

void RedisMachine::Restart() {
  StopLinks();
  EnterRecovering();
  Attempt();
}

void RedisMachine::OnRecovered(const RedisAnswer* failure) {
  if (failure == nullptr) return EnterRedis();
  const RedisFailure reason = failure->reason();
  context_.books.Error(reason);
  EnterMemory(reason,
              failure->reply ? ErrorWords(failure->value().text()) : "the log cannot be read");
}

void RedisMachine::EnterRedis() {
  attempting_ = false;
  breaker_.Close();
  published_ = 0;
  const Position floor = log_.first() ? EventPosition(*log_.first()) : 0;
  if (floor > 0 && recovered_) sink_->RaiseFloor(floor, "the log was trimmed or replaced");
  recovered_ = true;
  // Never a new log: the mark has led it above all positions known here, so they go on, and the
  // events that were read on the way stay in force.
  epoch_ = sink_->OnRecovered(
      {.new_log = false, .position = ReadPosition(*log_.last()), .floor = floor});
  state_ = CacheState::kRedis;
  context_.books.Up(true);
  said_.clear();
  spdlog::info("The cache uses Redis at {} ({})", settings_.target.url.Address(),
               read_.server.software);
  time_asked_ = context_.loop.Now();
  watch_.Start(kWatchEvery);
  publisher_.Flush();
  FollowLog();
}

void RedisMachine::EnterMemory(RedisFailure failure, const std::string& text) {
  state_ = CacheState::kMemory;  // First: what the links still answer changes nothing any more.
  StopLinks();
  breaker_.Open();
  context_.books.Up(false);
  epoch_ = sink_->OnState(CacheState::kMemory);
  const double random = static_cast<double>(random_() - std::minstd_rand::min()) /
                        static_cast<double>(std::minstd_rand::max());
  probe_.Start(breaker_.NextPause(failure, random));
  Say(text);
}

void RedisMachine::Say(const std::string& text) {
  if (text == said_) return;
  said_ = text;
  spdlog::warn("The cache answers from memory: Redis at {}: {}", settings_.target.url.Address(),
               text);
}

void RedisMachine::Watch() {
  const Nanos now = context_.loop.Now();
  if (now - log_.heard() > RedisLog::kSilenceMax) {
    context_.books.Error(RedisFailure::kTimeout);
    return EnterMemory(RedisFailure::kTimeout, "the invalidation log is silent");
  }
  if (now - time_asked_ > kTimeEvery) AskTime();
  watch_.Start(kWatchEvery);
}

void RedisMachine::AskTime() {
  const std::array<std::string_view, 1> command = {"TIME"};
  time_asked_ = context_.loop.Now();
  const bool sent =
      read_.connection.ready() && read_.connection.Send(command, [this](const RedisAnswer& answer) {
        Judge(answer);
        if (!answer.ok()) return;
        const auto time = ParseServerTime(answer.value());
        if (!time) return context_.books.Error(RedisFailure::kProtocol);
        SetClockOffset(*time - context_.loop.Now());
      });
  if (!sent) context_.books.Error(RedisFailure::kBusy);
}

// The log.

void RedisMachine::FollowLog() {
  log_.Follow(log_link_.connection,
              [this](RedisLog::End end, const RedisAnswer* answer) { OnLogEnd(end, answer); });
}

void RedisMachine::OnLogEnd(RedisLog::End end, const RedisAnswer* answer) {
  if (state_ != CacheState::kRedis) return;
  if (end == RedisLog::End::kBroken) {
    spdlog::warn("The invalidation log of the cache was replaced or trimmed");
    return Recover();
  }
  const RedisFailure reason = answer->reason();
  context_.books.Error(reason);
  EnterMemory(reason, answer->reply ? ErrorWords(answer->value().text())
                                    : "the invalidation log cannot be read");
}

void RedisMachine::Publish(const Event& event, std::uint64_t ticket) {
  const Nanos now = context_.loop.Now();
  ++published_;
  if (!pending_.Push(event, ticket, now)) {
    if (state_ != CacheState::kMemory) {
      EnterMemory(RedisFailure::kBusy, "too many invalidations wait for it");
    }
    pending_.Collapse();
    // Equal to the clear that waits now, or next to it: there is room for it.
    const Event clear{.kind = EventKind::kAll};
    if (!pending_.Push(clear, ticket, now)) context_.books.Error(RedisFailure::kBusy);
  }
  publisher_.Flush();
}

}  // namespace pgsidecar::cache
