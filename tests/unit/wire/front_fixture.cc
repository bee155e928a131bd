#include "unit/wire/front_fixture.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "pgwire/startup.h"

namespace pgsidecar::wire {
namespace {

constexpr int kPatienceMs = 10'000;

bool WaitReadable(int fd, int timeout_ms) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, timeout_ms) > 0;
}

std::string Uint32(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
  return out;
}

std::uint32_t ReadUint32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char each : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(each);
  return value;
}

std::string Request(std::uint32_t code, std::string_view body = "") {
  return Uint32(static_cast<std::uint32_t>(8 + body.size())) + Uint32(code) + std::string(body);
}

}  // namespace

Peer::Peer(UniqueFd fd) : fd_(std::move(fd)) {}

Peer Peer::Connect(std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return Peer(std::move(fd));
}

void Peer::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string Peer::Receive(std::size_t size) {
  std::string got;
  while (got.size() < size) {
    char buffer[4096];
    if (!WaitReadable(fd_.get(), kPatienceMs)) {
      ADD_FAILURE() << "nothing came";
      break;
    }
    const ssize_t n = ::recv(fd_.get(), buffer, std::min(sizeof buffer, size - got.size()), 0);
    if (n <= 0) break;
    got.append(buffer, static_cast<std::size_t>(n));
  }
  return got;
}

std::string Peer::ReceiveAll() {
  std::string got;
  for (;;) {
    char buffer[65536];
    if (!WaitReadable(fd_.get(), kPatienceMs)) {
      ADD_FAILURE() << "the other side did not close";
      return got;
    }
    const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (n < 0) return got + "<reset>";
    if (n == 0) return got;
    got.append(buffer, static_cast<std::size_t>(n));
  }
}

bool Peer::Silent() { return !WaitReadable(fd_.get(), 200); }

void Peer::HalfClose() { ::shutdown(fd_.get(), SHUT_WR); }

void Peer::Reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  fd_.reset();
}

ScriptedServer::ScriptedServer(std::vector<Script> scripts)
    : scripts_(std::move(scripts)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  socklen_t length = sizeof address;
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  EXPECT_EQ(::listen(listener_.get(), 64), 0);
  thread_ = std::thread([this] { Serve(); });
}

ScriptedServer::~ScriptedServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
  for (std::thread& session : sessions_) session.join();
}

void ScriptedServer::Serve() {
  for (;;) {
    UniqueFd fd(::accept(listener_.get(), nullptr, nullptr));
    if (!fd) return;
    // A connection that says nothing is a probe, not a session.
    pollfd entry{.fd = fd.get(), .events = POLLIN, .revents = 0};
    char byte = 0;
    if (::poll(&entry, 1, kPatienceMs) <= 0 || ::recv(fd.get(), &byte, 1, MSG_PEEK) <= 0) continue;
    const Script& script = scripts_[std::min(sessions_.size(), scripts_.size() - 1)];
    sessions_.emplace_back([script, peer = std::make_shared<Peer>(std::move(fd))] {
      script(*peer);
      peer->Close();
    });
  }
}

void FrontTest::TearDown() { StopAll(); }

void FrontTest::StopAll() {
  front_.reset();
  server_.reset();
}

void FrontTest::StartFront(std::vector<ScriptedServer::Script> scripts) {
  server_ = std::make_unique<ScriptedServer>(std::move(scripts));
  std::uint16_t& port = options_.upstream.hosts[0].port;
  if (port == 5432) port = server_->port();
  options_.upstream.sslmode = sslmode_;
  options_.listen = {"127.0.0.1:0"};
  registry_ = std::make_unique<metrics::Registry>(slow_threshold_);
  recorder_ = std::make_unique<metrics::Recorder>(*registry_);
  auto catalogue = sql::Catalogue::Create({.read_traits = writes_ != nullptr}, *registry_, clock_);
  ASSERT_TRUE(catalogue.ok());
  catalogue_ = std::move(catalogue).value();
  auto slow_log = metrics::SlowLog::Open({.path = "/dev/null"}, *registry_, clock_);
  ASSERT_TRUE(slow_log.ok());
  slow_log_ = std::move(slow_log).value();
  auto front = WireFront::Create(
      options_, {*registry_, *recorder_, *catalogue_, *slow_log_, clock_, writes_, interpose_});
  ASSERT_TRUE(front.ok()) << front.error().message;
  front_ = std::move(front).value();
  const std::string address = front_->addresses().front();
  port_ = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  front_->Start();
}

Peer FrontTest::LoggedIn() {
  Peer client = Client();
  client.Send(Startup());
  EXPECT_EQ(client.Receive(LoginAnswer().size()), LoginAnswer());
  return client;
}

double FrontTest::Metric(const std::string& sample) {
  const std::string body = "\n" + metrics::Expose(*registry_, "", "").body;
  const std::size_t found = body.find("\n" + sample + " ");
  if (found == std::string::npos) return -1;
  return std::stod(body.substr(found + sample.size() + 2));
}

void FrontTest::ExpectMetric(const std::string& sample, double value) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (Metric(sample) != value && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(Metric(sample), value) << sample;
}

std::string Message(char type, std::string_view body) {
  return std::string(1, type) + Uint32(static_cast<std::uint32_t>(4 + body.size())) +
         std::string(body);
}

std::string Startup(std::string_view user, std::string_view database, std::uint32_t version) {
  std::string body = "user";
  body += '\0';
  body.append(user) += '\0';
  body += "database";
  body += '\0';
  body.append(database) += '\0';
  body += '\0';
  return Request(version, body);
}

std::string SslRequest() { return Request(80'877'103); }
std::string GssencRequest() { return Request(80'877'104); }
std::string Cancel(std::string_view key) { return Request(80'877'102, key); }

std::string Query(std::string_view text) {
  std::string body(text);
  body += '\0';
  return Message('Q', body);
}

std::string ErrorMessage(std::string_view severity, std::string_view sqlstate) {
  std::string body;
  for (const auto& [code, value] : {std::pair<char, std::string_view>{'S', severity},
                                    {'V', severity},
                                    {'C', sqlstate},
                                    {'M', "message"}}) {
    body += code;
    body.append(value) += '\0';
  }
  body += '\0';
  return Message('E', body);
}

std::string LoginAnswer() {
  return Message('R', Uint32(0)) + Message('K', kBackendKey) + Message('Z', "I");
}

std::string OneRow() {
  using std::string_literals::operator""s;
  return Message('T', "\0\1a\0\0\0\0\0\0\0\0\0\0\x17\0\4\xff\xff\xff\xff\0\0"s) +
         Message('D',
                 "\0\1\0\0\0\1"
                 "1"s) +
         Message('C', "SELECT 1\0"s) + Message('Z', "I");
}

std::string ServeLogin(Peer& peer) {
  const std::string head = peer.Receive(4);
  const std::string startup = head + peer.Receive(ReadUint32(head) - 4);
  peer.Send(LoginAnswer());
  return startup;
}

void ServeQueries(Peer& peer) {
  ServeLogin(peer);
  for (;;) {
    const std::string message = ReceiveMessage(peer);
    if (message.empty() || message[0] == 'X') return;
    peer.Send(OneRow());
  }
}

std::string ReceiveMessage(Peer& peer) {
  const std::string head = peer.Receive(5);
  if (head.size() < 5) return "";
  return head + peer.Receive(ReadUint32(std::string_view(head).substr(1)) - 4);
}

std::string FatalText(std::string_view bytes, std::string_view sqlstate) {
  const std::size_t start = bytes.find("pgsidecar:");
  if (start == std::string_view::npos) {
    ADD_FAILURE() << "no FATAL of ours in " << ::testing::PrintToString(bytes);
    return "";
  }
  const std::string text(bytes.data() + start);
  EXPECT_EQ(bytes, pgwire::FatalResponse(sqlstate, text));
  return text;
}

}  // namespace pgsidecar::wire
