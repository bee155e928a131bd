#include "wire/leg.h"

#include <cassert>
#include <cstring>

namespace pgsidecar::wire {

void Leg::Attach(UniqueFd fd) {
  transport_ = net::Transport(std::move(fd));
  watcher_.Attach(transport_.fd());
}

void Leg::Close() {
  watcher_.Detach();
  transport_.Close();
}

UniqueFd Leg::Release() {
  watcher_.Detach();
  return transport_.Release();
}

std::size_t Leg::Send(std::string_view bytes) {
  const net::IoResult sent = transport_.Send(bytes);
  if (sent.status == net::IoStatus::kFailed) broken_ = true;
  return sent.bytes;
}

void Leg::Hold(std::string_view bytes, BlockPool& pool) {
  assert(block_ == nullptr && bytes.size() <= kWindowBytes);
  block_ = pool.Take();
  std::memcpy(block_->data(), bytes.data(), bytes.size());
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
  if (block_ == nullptr) transport_.ShutdownWrite();
}

void Leg::DropHeld(BlockPool& pool) {
  watcher_.WatchWrite(false);
  if (block_ != nullptr) pool.Give(std::move(block_));
  block_ = nullptr;
}

}  // namespace pgsidecar::wire
