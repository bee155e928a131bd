#include "wire/leg.h"

#include <cassert>
#include <cstring>

namespace pgsidecar::wire {

void Leg::Attach(net::Transport transport) {
  transport_ = std::move(transport);
  watcher_.Attach(transport_.fd());
}

void Leg::Close() {
  watcher_.Detach();
  transport_.Close();
}

net::Transport Leg::Release() {
  watcher_.Detach();
  return std::move(transport_);
}

void Leg::OnWritable() {
  if (!tls_writes_) return handler_.OnWritable(side_);
  tls_writes_ = false;
  if (held().empty()) watcher_.WatchWrite(false);
  watcher_.WatchRead(wanted_);
  if (wanted_) handler_.OnReadable(side_);
}

std::size_t Leg::Send(std::string_view bytes) {
  const net::IoResult sent = transport_.Send(bytes);
  if (sent.status == net::IoStatus::kFailed) broken_ = true;
  return sent.bytes;
}

void Leg::Hold(std::string_view bytes, BlockPool& pool) {
  assert(held().empty());
  if (bytes.size() <= kWindowBytes) {
    block_ = pool.Take();
    std::memcpy(block_->data(), bytes.data(), bytes.size());
  } else {
    spill_ = bytes;
  }
  begin_ = 0;
  end_ = bytes.size();
  watcher_.WatchWrite(true);
}

std::size_t Leg::Flush(BlockPool& pool) {
  const std::size_t sent = Send(held());
  begin_ += sent;
  if (begin_ < end_) return sent;
  DropHeld(pool);
  if (finish_) transport_.ShutdownWrite();
  return sent;
}

void Leg::Finish() {
  finish_ = true;
  if (held().empty()) transport_.ShutdownWrite();
}

void Leg::DropHeld(BlockPool& pool) {
  watcher_.WatchWrite(false);
  if (block_ != nullptr) pool.Give(std::move(block_));
  block_ = nullptr;
  std::string().swap(spill_);
  begin_ = end_ = 0;
}

}  // namespace pgsidecar::wire
