#include "cache/redis_connection.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <vector>

namespace pgsidecar::cache {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kReceiveBytes = std::size_t{64} << 10;
constexpr std::string_view kClientName = "pgsidecar";
constexpr std::string_view kPassword = "the password";

std::string Refusal(std::string_view what, const RedisAnswer& answer) {
  return std::string(what) + " was refused: " + ErrorWords(answer.value().text());
}

}  // namespace

RedisConnection::RedisConnection(const Context& context, const RedisTarget& target,
                                 RedisConnectionHandler& handler)
    : loop_(context.loop),
      addresses_(context.addresses),
      target_(target),
      handler_(handler),
      connector_(context.loop, context.resolver, *this),
      handshake_(context.loop, *this),
      deadline_(context.loop, [this] { OnDeadline(); }),
      watcher_(context.loop, *this) {}

RedisConnection::~RedisConnection() { watcher_.Detach(); }

void RedisConnection::Start() {
  state_ = State::kConnecting;
  if (target_.url.is_unix()) {
    const auto address = net::UnixAddress(target_.url.socket_path);
    std::vector<net::SocketAddress> addresses;
    if (address.ok()) addresses.push_back(address.value());
    connector_.Start(std::move(addresses), target_.connect_timeout);
    return;
  }
  std::vector<net::SocketAddress> known = addresses_.Get(loop_.Now());
  if (!known.empty()) {
    connector_.Start(std::move(known), target_.connect_timeout);
  } else {
    connector_.Start({.host = target_.url.host, .port = target_.url.port}, target_.connect_timeout);
  }
}

void RedisConnection::OnConnected(UniqueFd fd) {
  if (!target_.url.is_unix()) {
    addresses_.Keep(connector_.addresses(), loop_.Now());
    net::TuneTcp(fd.get(), {});
  }
  login_due_ = loop_.Now() + target_.login_timeout.count();
  deadline_.Start(target_.login_timeout);
  if (target_.tls == nullptr) return OnTlsReady(net::Transport(std::move(fd)));
  state_ = State::kTls;
  handshake_.StartClient(std::move(fd), target_.tls, {.server_name = target_.url.host});
}

void RedisConnection::OnConnectFailed(net::ConnectFailure /*reason*/, const std::string& text) {
  addresses_.Forget();
  Fail(RedisFailure::kConnect, text);
}

void RedisConnection::OnTlsFailed(const std::string& text) { Fail(RedisFailure::kConnect, text); }

void RedisConnection::OnTlsReady(net::Transport transport) {
  transport_ = std::move(transport);
  reader_.emplace(target_.limits);
  watcher_.Attach(transport_.fd());
  watcher_.WatchRead(true);
  if (transport_.pending()) watcher_.Activate();
  LogIn();
}

void RedisConnection::LogIn() {
  state_ = State::kLogin;
  if (!QueueLogin()) return Fail(RedisFailure::kBusy, "no memory for the login");
  Flush();
}

bool RedisConnection::QueueLogin() {
  const auto expect_ok = [this](std::string_view what) {
    return [this, what](const RedisAnswer& answer) { OnLoginReply(answer, what); };
  };
  const RedisUrl& url = target_.url;
  std::vector<std::string_view> auth = {"AUTH"};
  if (!url.user.empty()) auth.emplace_back(url.user);
  auth.emplace_back(url.password);
  if (!url.password.empty() && !Enqueue(auth, expect_ok(kPassword), login_due_)) return false;
  const std::string database = std::to_string(url.database);
  const std::array<std::string_view, 2> select = {"SELECT", database};
  if (url.database != 0 && !Enqueue(select, expect_ok("SELECT"), login_due_)) return false;
  const std::array<std::string_view, 3> name = {"CLIENT", "SETNAME", kClientName};
  const std::array<std::string_view, 2> info = {"INFO", "server"};
  const std::array<std::string_view, 1> time = {"TIME"};
  return Enqueue(name, expect_ok("CLIENT SETNAME"), login_due_) &&
         Enqueue(
             info, [this](const RedisAnswer& answer) { OnServerInfo(answer); }, login_due_) &&
         Enqueue(
             time, [this](const RedisAnswer& answer) { OnServerTime(answer); }, login_due_);
}

void RedisConnection::OnLoginReply(const RedisAnswer& answer, std::string_view what) {
  if (answer.ok() || !answer.reply) return;
  // Before ACLs there was no code for a wrong password: `-ERR invalid password`.
  const bool by_password = what == kPassword && answer.reason() == RedisFailure::kRefused;
  Fail(by_password ? RedisFailure::kAuth : answer.reason(), Refusal(what, answer));
}

void RedisConnection::OnServerInfo(const RedisAnswer& answer) {
  if (!answer.reply) return;
  if (!answer.ok()) return Fail(answer.reason(), Refusal("INFO", answer));
  Result<RedisServer> server = ParseServerInfo(answer.value().text());
  if (!server.ok()) return Fail(RedisFailure::kProtocol, server.error().message);
  server_ = std::move(server).value();
  if (server_.major < kRedisMajorMin) {
    return Fail(RedisFailure::kRefused,
                server_.software + " is too old: version 5 or newer is needed");
  }
  if (server_.cluster) {
    Fail(RedisFailure::kCluster, "Redis Cluster is not supported yet");
  }
}

void RedisConnection::OnServerTime(const RedisAnswer& answer) {
  if (!answer.reply) return;
  if (!answer.ok()) return Fail(answer.reason(), Refusal("TIME", answer));
  const std::optional<Nanos> time = ParseServerTime(answer.value());
  if (!time) return Fail(RedisFailure::kProtocol, "a reply to TIME without a time");
  server_.clock_offset = *time - loop_.Now();
  state_ = State::kReady;
  handler_.OnRedisReady(server_);
}

bool RedisConnection::Send(Arguments arguments, Callback callback, nanoseconds wait) {
  const Nanos due = loop_.Now() + (target_.hard_timeout + wait).count();
  if (!Enqueue(arguments, std::move(callback), due)) return false;
  watcher_.WatchWrite(true);  // Commands of one pass of the loop leave in one piece.
  return true;
}

bool RedisConnection::Enqueue(Arguments arguments, Callback callback, Nanos due) {
  if (waiting_.size() >= kCommandsMax || out_.size() - sent_ >= kQueuedBytesMax) return false;
  if (!AppendCommand(out_, arguments)) return false;
  waiting_.push_back({.callback = std::move(callback), .due = due});
  if (waiting_.size() == 1) ArmDeadline();
  return true;
}

void RedisConnection::OnWritable() {
  if (!watcher_.reading()) {  // TLS could not read before it had written.
    watcher_.WatchRead(true);
    watcher_.Activate();
  }
  Flush();
}

void RedisConnection::Flush() {
  while (sent_ < out_.size()) {
    const net::IoResult result = transport_.Send(std::string_view(out_).substr(sent_));
    if (result.status == net::IoStatus::kFailed) {
      return Fail(RedisFailure::kReset, transport_.failure_text());
    }
    if (result.status != net::IoStatus::kDone) break;
    sent_ += result.bytes;
  }
  if (sent_ == out_.size()) {
    out_.clear();
    sent_ = 0;
    if (out_.capacity() > kReceiveBytes) out_.shrink_to_fit();
  } else if (sent_ > out_.size() / 2) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
  watcher_.WatchWrite(!out_.empty());
}

void RedisConnection::OnReadable() {
  received_.resize(kReceiveBytes);
  const net::IoResult result = transport_.Receive(received_.data(), received_.size());
  switch (result.status) {
    case net::IoStatus::kBlocked:
      watcher_.WatchRead(!transport_.wants_write());
      if (transport_.wants_write()) watcher_.WatchWrite(true);
      return;
    case net::IoStatus::kEnd:
      return Fail(RedisFailure::kReset, "Redis closed the connection");
    case net::IoStatus::kFailed:
      return Fail(RedisFailure::kReset, transport_.failure_text());
    case net::IoStatus::kDone:
      break;
  }
  const Status fed = reader_->Feed({received_.data(), result.bytes});
  if (!fed.ok()) return Fail(RedisFailure::kProtocol, fed.error().message);
  if (Deliver() && transport_.pending()) watcher_.Activate();
}

bool RedisConnection::Deliver() {
  const std::uint64_t life = life_;
  for (;;) {
    Result<std::optional<RedisReply>> next = reader_->Next();
    if (!next.ok()) {
      Fail(RedisFailure::kProtocol, next.error().message);
      return false;
    }
    if (!next.value().has_value()) break;
    if (waiting_.empty()) {
      Fail(RedisFailure::kProtocol, "a reply that nobody asked for");
      return false;
    }
    const Callback callback = std::move(waiting_.front().callback);
    waiting_.pop_front();
    callback({.reply = std::move(next).value()});
    if (life != life_) return false;
  }
  ArmDeadline();
  return true;
}

void RedisConnection::ArmDeadline() {
  if (waiting_.empty()) return deadline_.Stop();
  deadline_.Start(nanoseconds(waiting_.front().due - loop_.Now()));
}

void RedisConnection::OnDeadline() {
  if (state_ == State::kReady) {
    if (waiting_.empty()) return;
    if (waiting_.front().due > loop_.Now()) return ArmDeadline();
    return Fail(RedisFailure::kTimeout, "no reply in time");
  }
  Fail(RedisFailure::kTimeout, state_ == State::kTls ? "no TLS in time" : "no login in time");
}

void RedisConnection::Stop() {
  Reset();
  FailWaiting(RedisFailure::kReset);
}

void RedisConnection::Reset() {
  ++life_;
  state_ = State::kIdle;
  connector_.Cancel();
  handshake_.Cancel();
  deadline_.Stop();
  watcher_.Detach();
  transport_.Close();
  out_.clear();
  sent_ = 0;
}

void RedisConnection::FailWaiting(RedisFailure failure) {
  std::deque<Waiting> waiting;
  waiting.swap(waiting_);
  for (const Waiting& each : waiting) each.callback({.reply = {}, .failure = failure});
}

void RedisConnection::Fail(RedisFailure failure, const std::string& text) {
  Reset();
  FailWaiting(failure);
  handler_.OnRedisClosed(failure, text);
}

}  // namespace pgsidecar::cache
