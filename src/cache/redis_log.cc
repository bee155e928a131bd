#include "cache/redis_log.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pgsidecar::cache {
namespace {

constexpr std::string_view kBatch = "512";
constexpr std::size_t kBatchEntries = 512;

std::optional<std::int64_t> ReadGeneration(RedisValue value) {
  const std::string_view digits = value.text();
  std::int64_t generation = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, generation);
  if (failure != std::errc() || stop != end) return std::nullopt;
  return generation;
}

const RedisAnswer kBusy{.reply = {}, .failure = RedisFailure::kBusy};
const RedisAnswer kNonsense{.reply = {}, .failure = RedisFailure::kProtocol};

}  // namespace

void RedisLog::Send(RedisConnection::Arguments arguments, Then then,
                    std::chrono::nanoseconds wait) {
  const auto guarded = [this, life = life_, then = std::move(then)](const RedisAnswer& answer) {
    if (life == life_ && answer.reply) then(answer);  // Its handler tells of a lost connection.
  };
  if (!connection_->ready() || !connection_->Send(arguments, guarded, wait)) {
    Finish(End::kFailed, &kBusy);
  }
}

void RedisLog::Finish(End end, const RedisAnswer* answer) {
  Stop();
  const Done done = std::move(done_);
  done(end, answer);
}

void RedisLog::ReadToEnd(RedisConnection& connection, Done done) {
  Stop();
  connection_ = &connection;
  done_ = std::move(done);
  first_.reset();
  if (last_) {
    CheckLast();
  } else {
    ReadFirst();
  }
}

void RedisLog::CheckLast() {
  const std::string id = last_->ToString();
  const std::array<std::string_view, 4> command = {"XRANGE", context_.keys.log(), id, id};
  Send(command, [this](const RedisAnswer& answer) {
    if (!answer.ok()) return Finish(End::kFailed, &answer);
    const auto found = ReadRange(answer.value());
    if (!found) return Finish(End::kFailed, &kNonsense);
    // What was read last is still there: nothing behind it can have been trimmed.
    if (found->size() == 1) return ReadMore();
    ReadFirst();
  });
}

void RedisLog::ReadFirst() {
  const std::array<std::string_view, 6> command = {"XRANGE", context_.keys.log(), "-", "+", "COUNT",
                                                   "1"};
  Send(command, [this](const RedisAnswer& answer) {
    if (!answer.ok()) return Finish(End::kFailed, &answer);
    const auto first = ReadRange(answer.value());
    // A mark was appended before: a log without entries is none.
    if (!first || first->size() != 1) return Finish(End::kFailed, &kNonsense);
    first_ = first->front().id;
    Apply(*first);
    ReadMore();
  });
}

void RedisLog::ReadMore() {
  const std::string id = last_->ToString();
  const std::array<std::string_view, 6> command = {
      "XREAD", "COUNT", kBatch, "STREAMS", context_.keys.log(), id};
  Send(command, [this](const RedisAnswer& answer) {
    if (!answer.ok()) return Finish(End::kFailed, &answer);
    const auto entries = ReadStream(answer.value());
    if (!entries) return Finish(End::kFailed, &kNonsense);
    Apply(*entries);
    if (entries->size() >= kBatchEntries) return ReadMore();
    heard_ = context_.clock.Now();
    Finish(End::kDone, nullptr);
  });
}

void RedisLog::Follow(RedisConnection& connection, Done done) {
  Stop();
  connection_ = &connection;
  done_ = std::move(done);
  FollowRound();
}

void RedisLog::FollowRound() {
  const std::uint64_t life = life_;
  const std::string id = last_->ToString();
  const std::string block = std::to_string(kBlock.count());
  const std::array<std::string_view, 4> check = {"XRANGE", context_.keys.log(), id, id};
  const std::array<std::string_view, 2> generation = {"GET", context_.keys.generation()};
  const std::array<std::string_view, 8> read = {
      "XREAD", "COUNT", kBatch, "BLOCK", block, "STREAMS", context_.keys.log(), id};
  Send(check, [this](const RedisAnswer& answer) {
    if (!answer.ok()) return Finish(End::kFailed, &answer);
    const auto found = ReadRange(answer.value());
    if (!found || found->size() != 1) Finish(End::kBroken, nullptr);
  });
  if (life != life_) return;
  Send(generation, [this](const RedisAnswer& answer) {
    if (!answer.ok()) return Finish(End::kFailed, &answer);
    const auto number = ReadGeneration(answer.value());
    if (!number) return Finish(End::kBroken, nullptr);
    heard_ = context_.clock.Now();
    context_.on_generation(*number);
  });
  if (life != life_) return;
  Send(
      read, [this](const RedisAnswer& answer) { OnRound(answer); }, kBlock);
}

void RedisLog::OnRound(const RedisAnswer& answer) {
  if (!answer.ok()) return Finish(End::kFailed, &answer);
  const auto entries = ReadStream(answer.value());
  if (!entries) return Finish(End::kFailed, &kNonsense);
  heard_ = context_.clock.Now();
  Apply(*entries);
  FollowRound();
}

void RedisLog::Apply(const std::vector<LogEntry>& entries) {
  for (const LogEntry& each : entries) {
    if (each.event) sink_->OnEvent(*each.event, EventPosition(each.id));
  }
  if (entries.empty()) return context_.on_lag(0);
  last_ = entries.back().id;
  constexpr auto kNanosPerMs = static_cast<Nanos>(1'000'000);
  const Nanos age =
      context_.clock.Now() + clock_offset_ - static_cast<Nanos>(last_->ms) * kNanosPerMs;
  context_.on_lag(std::max(0.0, ToSeconds(age)));
}

}  // namespace pgsidecar::cache
