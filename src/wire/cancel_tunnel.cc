#include "wire/cancel_tunnel.h"

#include "wire/wire_loop.h"

namespace pgsidecar::wire {
namespace {

constexpr std::chrono::seconds kDeadline{10};
constexpr std::uint32_t kCancelRequestCode = 80'877'102;  // 1234 << 16 | 5678

void AppendUint32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

}  // namespace

std::string CancelRequest(std::string_view key) {
  std::string request;
  AppendUint32(request, static_cast<std::uint32_t>(8 + key.size()));
  AppendUint32(request, kCancelRequestCode);
  return request.append(key);
}

CancelTunnel::CancelTunnel(WireLoop& loop, std::string request, UniqueFd client)
    : loop_(loop),
      request_(std::move(request)),
      client_(std::move(client)),
      connector_(loop.events(), *loop.shared().resolver, *this),
      watcher_(loop.events(), *this),
      timer_(loop.events(), [this] { OnTimeout(); }) {}

CancelTunnel::~CancelTunnel() {
  watcher_.Detach();
  if (client_) loop_.ClientCancelEnded();
}

void CancelTunnel::Quiesce() {
  connector_.Cancel();
  watcher_.Detach();
  timer_.Stop();
}

void CancelTunnel::Start() {
  timer_.Start(kDeadline);
  connector_.Start(loop_.shared().upstream_endpoint(),
                   loop_.shared().options.upstream.connect_timeout);
}

void CancelTunnel::OnConnected(UniqueFd fd) {
  server_ = net::Transport(std::move(fd));
  // A fresh socket has room for these few bytes.
  const net::IoResult sent = server_.Send(request_);
  if (sent.status != net::IoStatus::kDone || sent.bytes != request_.size()) {
    loop_.shared().instruments.CancelFailed(CancelFailure::kConnect);
    return loop_.Retire(*this);
  }
  watcher_.Attach(server_.fd());
  watcher_.WatchRead(true);
}

void CancelTunnel::OnConnectFailed(net::ConnectFailure /*reason*/, const std::string& /*text*/) {
  loop_.shared().instruments.CancelFailed(CancelFailure::kConnect);
  loop_.Retire(*this);
}

void CancelTunnel::OnReadable() {
  Block& discard = loop_.window();
  const net::IoResult got = server_.Receive(discard.data(), discard.size());
  if (got.status == net::IoStatus::kDone || got.status == net::IoStatus::kBlocked) return;
  loop_.Retire(*this);
}

void CancelTunnel::OnTimeout() {
  loop_.shared().instruments.CancelFailed(CancelFailure::kTimeout);
  loop_.Retire(*this);
}

}  // namespace pgsidecar::wire
