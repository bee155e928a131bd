#include "wire/lingering_close.h"

#include "wire/wire_loop.h"

namespace pgsidecar::wire {
namespace {

constexpr std::chrono::seconds kNoProgress{10};
constexpr std::chrono::seconds kAfterLastByte{1};

}  // namespace

LingeringClose::LingeringClose(WireLoop& loop, net::Transport transport, std::string last_bytes)
    : loop_(loop),
      transport_(std::move(transport)),
      watcher_(loop.events(), *this),
      timer_(loop.events(), [this] { loop_.Retire(*this); }),
      bytes_(std::move(last_bytes)) {}

LingeringClose::~LingeringClose() {
  watcher_.Detach();
  loop_.LingeringEnded();
}

void LingeringClose::Quiesce() {
  watcher_.Detach();
  timer_.Stop();
}

void LingeringClose::Start() {
  watcher_.Attach(transport_.fd());
  watcher_.WatchRead(true);
  watcher_.WatchWrite(true);
  timer_.Start(kNoProgress);
}

void LingeringClose::OnWritable() {
  const net::IoResult sent = transport_.Send(std::string_view(bytes_).substr(sent_));
  if (sent.status == net::IoStatus::kFailed) return loop_.Retire(*this);
  if (sent.status != net::IoStatus::kDone) return;
  sent_ += sent.bytes;
  loop_.ledger().counters.sent[static_cast<std::size_t>(Side::kClient)] += sent.bytes;
  timer_.Start(kNoProgress);
  if (sent_ < bytes_.size()) return;
  watcher_.WatchWrite(false);
  transport_.ShutdownWrite();
  timer_.Start(kAfterLastByte);
}

void LingeringClose::OnReadable() {
  Block& discard = loop_.window();
  const net::IoResult got = transport_.Receive(discard.data(), discard.size());
  if (got.status == net::IoStatus::kDone || got.status == net::IoStatus::kBlocked) return;
  // The peer may have half-closed before; what it has not read yet still goes out.
  if (got.status == net::IoStatus::kEnd && sent_ < bytes_.size()) return watcher_.WatchRead(false);
  loop_.Retire(*this);
}

}  // namespace pgsidecar::wire
