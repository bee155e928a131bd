#pragma once

#include <cstdint>
#include <string>
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

  void Attach(net::Transport transport);
  /// Closes the socket; no callback comes after it.
  void Close();
  /// Gives the socket away; no callback comes after it.
  net::Transport Release();

  net::IoResult Receive(Block& window) { return transport_.Receive(window.data(), window.size()); }
  /// Turns reading on or off. What TLS has decrypted already is announced, too.
  void WatchRead(bool on) {
    wanted_ = on;
    watcher_.WatchRead(on && !tls_writes_);
    if (on && !tls_writes_) Announce();
  }
  /// More may be there that the kernel will not announce: comes back in the next pass.
  void Announce() {
    if (transport_.pending()) watcher_.Activate();
  }
  /// After a Receive that was blocked: TLS may have to write before it can go on.
  void AwaitTls() {
    if (!transport_.wants_write()) return;
    tls_writes_ = true;
    watcher_.WatchRead(false);
    watcher_.WatchWrite(true);
  }
  /// Sends what the socket takes and returns how much. The rest must be given to Hold. A lost
  /// connection takes nothing and makes broken() true.
  std::size_t Send(std::string_view bytes);
  /// Keeps bytes until the socket takes them. Requires: nothing held. One window at most while
  /// relaying; the messages of a login may be more.
  void Hold(std::string_view bytes, BlockPool& pool);
  /// Sends what is held. Returns how much was taken.
  std::size_t Flush(BlockPool& pool);
  /// Says FIN as soon as nothing is held.
  void Finish();
  void DropHeld(BlockPool& pool);

  std::string_view held() const {
    return {block_ == nullptr ? spill_.data() + begin_ : block_->data() + begin_, end_ - begin_};
  }
  bool broken() const { return broken_; }  ///< Sending failed.
  bool ended() const { return ended_; }    ///< The peer sends nothing more.
  bool attached() const { return transport_.fd() >= 0; }
  bool encrypted() const { return transport_.encrypted(); }
  std::int64_t peer_not_after() const { return transport_.peer_not_after(); }
  void SetEnded() { ended_ = true; }
  net::FdWatcher& watcher() { return watcher_; }

  void OnReadable() override { handler_.OnReadable(side_); }
  void OnWritable() override;

 private:
  net::Transport transport_;
  net::FdWatcher watcher_;
  LegHandler& handler_;
  const Side side_;
  bool broken_ = false;
  bool ended_ = false;
  bool finish_ = false;
  bool wanted_ = false;      ///< Reading is on, but for TLS.
  bool tls_writes_ = false;  ///< A read waits for the socket to take bytes of TLS itself.
  BlockPtr block_;           // What is held: [begin_, end_) of it,
  std::string spill_;        // or of this if it is more than a block.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace pgsidecar::wire
