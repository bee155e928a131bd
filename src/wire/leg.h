#pragma once

#include <string_view>

#include "net/event_loop.h"
#include "net/socket.h"
#include "wire/block_pool.h"
#include "wire/instruments.h"

namespace pgsidecar::wire {

/// Told by a Leg that its socket is ready.
class LegHandler {
 public:
  virtual ~LegHandler() = default;
  virtual void OnReadable(Side side) = 0;
  virtual void OnWritable(Side side) = 0;
};

/// One of the two sockets of a session, and the bytes that it did not take yet. Loop thread only.
class Leg final : public net::FdHandler {
 public:
  Leg(net::EventLoop& loop, LegHandler& handler, Side side)
      : watcher_(loop, *this), handler_(handler), side_(side) {}
  ~Leg() override { Close(); }

  void Attach(UniqueFd fd);
  /// Closes the socket; no callback comes after it.
  void Close();
  /// Gives the socket away; no callback comes after it.
  UniqueFd Release();

  net::IoResult Receive(Block& window) { return transport_.Receive(window.data(), window.size()); }
  /// Sends what the socket takes and returns how much. The rest must be given to Hold. A lost
  /// connection takes nothing and makes broken() true.
  std::size_t Send(std::string_view bytes);
  /// Keeps bytes until the socket takes them. Requires: nothing held; at most one window.
  void Hold(std::string_view bytes, BlockPool& pool);
  /// Sends what is held. Returns how much was taken.
  std::size_t Flush(BlockPool& pool);
  /// Says FIN as soon as nothing is held.
  void Finish();
  void DropHeld(BlockPool& pool);

  std::string_view held() const {
    return block_ == nullptr ? std::string_view()
                             : std::string_view(block_->data() + begin_, end_ - begin_);
  }
  bool broken() const { return broken_; }  ///< Sending failed.
  bool ended() const { return ended_; }    ///< The peer sends nothing more.
  bool attached() const { return transport_.fd() >= 0; }
  void SetEnded() { ended_ = true; }
  net::FdWatcher& watcher() { return watcher_; }

  void OnReadable() override { handler_.OnReadable(side_); }
  void OnWritable() override { handler_.OnWritable(side_); }

 private:
  net::Transport transport_;
  net::FdWatcher watcher_;
  LegHandler& handler_;
  const Side side_;
  bool broken_ = false;
  bool ended_ = false;
  bool finish_ = false;
  BlockPtr block_;  // What is held: [begin_, end_) of it.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace pgsidecar::wire
