#pragma once

#include <string>

#include "net/event_loop.h"
#include "net/socket.h"
#include "wire/connection.h"

namespace pgsidecar::wire {

class WireLoop;

/// Sends the last bytes of a connection and closes it so that they arrive: a plain close with
/// unread input would reset the connection and could take them back from the peer. Gives up after
/// 10 s in which the peer took nothing, and 1 s after the last byte was sent.
class LingeringClose final : public Connection, public net::FdHandler {
 public:
  LingeringClose(WireLoop& loop, net::Transport transport, std::string last_bytes);
  ~LingeringClose() override;

  void Start();
  void Quiesce() override;
  void OnReadable() override;
  void OnWritable() override;

 private:
  WireLoop& loop_;
  net::Transport transport_;
  net::FdWatcher watcher_;
  net::Timer timer_;
  std::string bytes_;
  std::size_t sent_ = 0;
};

}  // namespace pgsidecar::wire
