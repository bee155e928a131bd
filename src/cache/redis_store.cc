#include "cache/redis_store.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace pgsidecar::cache {
namespace {

using std::chrono::nanoseconds;

constexpr Nanos kNanosPerMs = kNanosPerSecond / 1000;

}  // namespace

Result<std::unique_ptr<RemoteStore>> MakeRedisStore(const StoreContext& context) {
  const Result<RedisSettings> settings = MakeRedisSettings(context.options);
  if (!settings.ok()) return settings.error();
  return std::unique_ptr<RemoteStore>(std::make_unique<RedisStore>(context, settings.value()));
}

RedisStore::RedisStore(const StoreContext& context, const RedisSettings& settings)
    : keys_(context.keys),
      clock_(context.clock),
      soft_timeout_(settings.soft_timeout.count()),
      books_(context.registry, context.keys.has_secret()),
      loop_(context.clock),
      soft_(loop_, [this] { OnSoftDeadline(); }),
      machine_(
          {.loop = loop_, .resolver = resolver_, .books = books_, .clock_offset = clock_offset_},
          settings) {}

RedisStore::~RedisStore() { Stop(); }

void RedisStore::Start(RemoteSink& sink) {
  if (!keys_.has_secret()) {
    spdlog::warn(
        "cache.secret_file is not set: whoever can write to Redis can change what the cache "
        "answers");
  }
  thread_ = std::thread([this, &sink] {
    machine_.Start(sink);
    loop_.Run(*this);
  });
}

void RedisStore::Stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  loop_.Stop();
  if (thread_.joinable()) thread_.join();
  machine_.Stop();
  RunInbox();  // What the loop was not told any more; without a connection it fails at once.
}

bool RedisStore::Post(Work work) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return false;
  inbox_.push_back(std::move(work));
  if (inbox_.size() == 1) loop_.Post([this] { RunInbox(); });
  return true;
}

void RedisStore::RunInbox() {
  std::vector<Work> works;
  {
    const std::lock_guard lock(mutex_);
    works.swap(inbox_);
  }
  for (const Work& each : works) each();
}

void RedisStore::Publish(const Event& event, std::uint64_t ticket) {
  // After Stop nobody reads here any more, and the log is not reached.
  Post([this, event, ticket] { machine_.Publish(event, ticket); });
}

// Look-ups.

void RedisStore::Get(const EntryKey& key, Nanos deadline, GetDone done) {
  const Nanos now = clock_.Now();
  const Nanos soft = now + soft_timeout_;
  auto asked = std::make_shared<Asked>(Asked{.key = key,
                                             .started = now,
                                             .due = deadline > 0 ? std::min(soft, deadline) : soft,
                                             .done = std::move(done)});
  const bool busy = reads_.fetch_add(1) >= RedisConnection::kCommandsMax;
  if (busy) books_.Error(RedisFailure::kBusy);
  if (busy || !Post([this, asked] { Ask(asked); })) {
    Answer(*asked, GetOutcome::kUnavailable, nullptr);
  }
}

void RedisStore::Ask(const AskedPtr& asked) {
  RedisConnection* const connection = machine_.reads();
  asked->epoch = machine_.epoch();
  const std::string key = machine_.EntryName(asked->key);
  const std::array<std::string_view, 2> command = {"GET", key};
  const bool sent =
      connection != nullptr && connection->Send(command, [this, asked](const RedisAnswer& answer) {
        OnFound(*asked, answer);
      });
  if (!sent) {
    books_.Error(connection == nullptr ? RedisFailure::kConnect : RedisFailure::kBusy);
    return Answer(*asked, GetOutcome::kUnavailable, nullptr);
  }
  asked_.push_back(asked);
  // The deadline of a caller can be earlier than those before it.
  if (soft_due_ != 0 && soft_due_ <= asked->due) return;
  soft_due_ = asked->due;
  soft_.Start(nanoseconds(soft_due_ - loop_.Now()));
}

void RedisStore::OnFound(Asked& asked, const RedisAnswer& answer) {
  machine_.Judge(answer);
  if (!asked.done) return;
  books_.Read(ToSeconds(loop_.Now() - asked.started));
  if (!answer.reply) books_.Error(answer.failure);
  const bool usable = answer.ok() && asked.epoch == machine_.epoch();
  if (!usable) return Answer(asked, GetOutcome::kUnavailable, nullptr);
  const RedisValue value = answer.value();
  if (value.is_nil()) return Answer(asked, GetOutcome::kAbsent, nullptr);
  EntryPtr entry = Decode(asked, value.text());
  const GetOutcome outcome = entry == nullptr ? GetOutcome::kAbsent : GetOutcome::kFound;
  Answer(asked, outcome, std::move(entry));
}

EntryPtr RedisStore::Decode(Asked& asked, std::string_view bytes) {
  Result<DecodedEntry> decoded = DecodeEntry(bytes, asked.key, keys_);
  if (!decoded.ok()) {
    books_.Error(RedisFailure::kCorrupt);
    Remove(asked.key);
    return nullptr;
  }
  auto entry = std::make_shared<Entry>(std::move(decoded).value().entry);
  entry->stored_at = decoded.value().stored_at_unix_ms * kNanosPerMs - clock_offset_.load();
  return entry;
}

void RedisStore::Answer(Asked& asked, GetOutcome outcome, EntryPtr entry) {
  const GetDone done = std::exchange(asked.done, nullptr);
  --reads_;
  done(outcome, std::move(entry));
}

void RedisStore::OnSoftDeadline() {
  const Nanos now = loop_.Now();
  std::vector<AskedPtr> late;
  Nanos next = 0;
  std::erase_if(asked_, [&](const AskedPtr& each) {
    if (!each->done) return true;
    if (each->due <= now) late.push_back(each);
    if (each->due > now && (next == 0 || each->due < next)) next = each->due;
    return each->due <= now;
  });
  soft_due_ = next;
  if (next != 0) soft_.Start(nanoseconds(next - now));
  for (const AskedPtr& each : late) {
    books_.Error(RedisFailure::kTimeout);
    books_.Read(ToSeconds(now - each->started));
    Answer(*each, GetOutcome::kUnavailable, nullptr);
  }
}

// Writes.

void RedisStore::Put(EntryPtr entry, std::uint64_t epoch, PutDone done) {
  const std::size_t bytes = entry->charge_bytes();
  Written written{
      .entry = std::move(entry), .epoch = epoch, .done = std::move(done), .started = clock_.Now()};
  const std::size_t others = writes_.fetch_add(1);
  const std::size_t other_bytes = write_bytes_.fetch_add(bytes);
  const bool busy =
      others >= RedisConnection::kCommandsMax || other_bytes >= RedisConnection::kQueuedBytesMax;
  if (busy) books_.Error(RedisFailure::kBusy);
  if (busy || !Post([this, written] { Write(written); })) Finish(written, false);
}

void RedisStore::Write(const Written& written) {
  const Entry& entry = *written.entry;
  if (written.epoch != machine_.epoch()) return Finish(written, false);
  const Nanos left = entry.stored_at + entry.lifetime.hard_ttl() - clock_.Now();
  if (left < kNanosPerMs) return Finish(written, false);  // Over before it was there.
  const std::string key = machine_.EntryName(entry.key);
  const std::string value =
      EncodeEntry(entry, (entry.stored_at + clock_offset_.load()) / kNanosPerMs, keys_);
  const std::string ttl = std::to_string(left / kNanosPerMs);
  const std::array<std::string_view, 5> command = {"SET", key, value, "PX", ttl};
  RedisConnection* const connection = machine_.writes();
  const bool sent = connection != nullptr &&
                    connection->Send(command, [this, written](const RedisAnswer& answer) {
                      OnWritten(written, answer);
                    });
  if (sent) return;
  books_.Error(connection == nullptr ? RedisFailure::kConnect : RedisFailure::kBusy);
  Finish(written, false);
}

void RedisStore::OnWritten(const Written& written, const RedisAnswer& answer) {
  books_.Write(ToSeconds(loop_.Now() - written.started));
  if (!answer.reply) {
    books_.Error(answer.failure);
  } else if (answer.value().is_error() && IsOutOfMemory(answer.value().text())) {
    books_.Error(RedisFailure::kRefused);  // Only this write had no room.
  } else {
    machine_.Judge(answer);
  }
  Finish(written, answer.ok());
}

void RedisStore::Finish(const Written& written, bool done) {
  --writes_;
  write_bytes_ -= written.entry->charge_bytes();
  if (written.done) written.done(done);
}

void RedisStore::Unlink(const EntryKey& key) {
  // What cannot be unlinked now dies by its position or its time.
  Post([this, key] { Remove(key); });
}

void RedisStore::Remove(const EntryKey& key) {
  RedisConnection* const connection = machine_.writes();
  if (connection == nullptr) return;
  const std::string name = machine_.EntryName(key);
  const std::array<std::string_view, 2> command = {"UNLINK", name};
  const bool sent = connection->Send(command, [this, now = loop_.Now()](const RedisAnswer& answer) {
    if (answer.reply) books_.Invalidation(ToSeconds(loop_.Now() - now));
    machine_.Judge(answer);
  });
  if (!sent) books_.Error(RedisFailure::kBusy);
}

}  // namespace pgsidecar::cache
