#include "wire/cancel_tunnel.h"

#include "pgwire/bytes.h"
#include "wire/wire_loop.h"

namespace pgsidecar::wire {
namespace {

constexpr std::chrono::seconds kDeadline{10};
constexpr std::uint32_t kCancelRequestCode = 80'877'102;  // 1234 << 16 | 5678

}  // namespace

std::string CancelRequest(std::string_view key) {
  std::string request;
  pgwire::AppendUint32(request, static_cast<std::uint32_t>(8 + key.size()));
  pgwire::AppendUint32(request, kCancelRequestCode);
  return request.append(key);
}

CancelTunnel::CancelTunnel(WireLoop& loop, std::string request, net::Transport client)
    : loop_(loop),
      request_(std::move(request)),
      client_(std::move(client)),
      connector_(loop.events(), *loop.shared().resolver, *this),
      watcher_(loop.events(), *this),
      timer_(loop.events(), [this] { OnTimeout(); }) {}

CancelTunnel::~CancelTunnel() {
  watcher_.Detach();
  if (client_.open()) loop_.ClientCancelEnded();
}

void CancelTunnel::Quiesce() {
  connector_.Cancel();
  watcher_.Detach();
  timer_.Stop();
}

void CancelTunnel::Start(CancelRoute route) {
  timer_.Start(kDeadline);
  connector_.Start(std::move(route.settings), {std::move(route.target)});
}

void CancelTunnel::OnUpstream(UpstreamLink link) {
  server_ = std::move(link.transport);
  // A fresh socket has room for these few bytes.
  const net::IoResult sent = server_.Send(request_);
  if (sent.status != net::IoStatus::kDone || sent.bytes != request_.size()) {
    loop_.shared().instruments.CancelFailed(CancelFailure::kConnect);
    return loop_.Retire(*this);
  }
  watcher_.Attach(server_.fd());
  watcher_.WatchRead(true);
}

void CancelTunnel::OnUpstreamFailed(const std::string& /*reasons*/) {
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
