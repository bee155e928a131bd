#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>

#include "unit/net/loop_fixture.h"

namespace pgsidecar::net {
namespace {

class SocketTest : public LoopTest {};

TEST_F(SocketTest, ReadsAndPrintsEndpoints) {
  for (const std::string text : {"127.0.0.1:6432", "db:5432", "[::1]:0", "/run/app:6432"}) {
    const auto endpoint = ParseEndpoint(text);
    ASSERT_TRUE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint.value().ToString(), text);
  }
  EXPECT_EQ(ParseEndpoint("/run/app:6432").value().unix_path(), "/run/app/.s.PGSQL.6432");
}

TEST_F(SocketTest, RefusesWhatIsNoEndpoint) {
  for (const std::string text : {"", ":1", "db", "db:", "db:x", "db:65536", "db:-1", "::1:5432",
                                 "[::1", "[]:1", "db:5432x", "[db]:1", "[[::1]:1", "[/run:x]:1"}) {
    const auto endpoint = ParseEndpoint(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint.error().message.rfind("'" + text + "'", 0), 0U);
  }
}

TEST_F(SocketTest, RefusesALongUnixPath) {
  EXPECT_TRUE(UnixAddress("/tmp/x").ok());
  EXPECT_FALSE(UnixAddress("/" + std::string(200, 'x')).ok());
}

TEST_F(SocketTest, TransportTellsApartDoneBlockedEndAndFailed) {
  auto [a, b] = SocketPair();
  Transport one(std::move(a));
  Transport two(std::move(b));
  std::array<char, 8> buffer{};
  EXPECT_EQ(one.Receive(buffer.data(), buffer.size()).status, IoStatus::kBlocked);
  EXPECT_EQ(two.Send("abc").bytes, 3U);
  EXPECT_EQ(one.Receive(buffer.data(), buffer.size()).bytes, 3U);
  two.ShutdownWrite();
  EXPECT_EQ(one.Receive(buffer.data(), buffer.size()).status, IoStatus::kEnd);
  const std::string block(1 << 16, 'x');
  IoResult sent = one.Send(block);
  while (sent.status == IoStatus::kDone) sent = one.Send(block);
  EXPECT_EQ(sent.status, IoStatus::kBlocked);
  two.Close();
  EXPECT_EQ(one.Send("x").status, IoStatus::kFailed);
}

TEST_F(SocketTest, PeekLeavesTheBytes) {
  auto [a, b] = SocketPair();
  Transport one(std::move(a));
  char first = 0;
  EXPECT_EQ(one.Peek(&first, 1).status, IoStatus::kBlocked);
  ASSERT_EQ(::send(b.get(), "xy", 2, 0), 2);
  EXPECT_EQ(one.Peek(&first, 1).bytes, 1U);
  EXPECT_EQ(first, 'x');
  std::array<char, 8> buffer{};
  EXPECT_EQ(one.Receive(buffer.data(), buffer.size()).bytes, 2U);
  b.reset();
  EXPECT_EQ(one.Peek(&first, 1).status, IoStatus::kEnd);
}

TEST_F(SocketTest, APlainTransportHasNothingOfTls) {
  auto [a, b] = SocketPair();
  Transport one(std::move(a));
  EXPECT_FALSE(one.encrypted() || one.pending() || one.wants_write());
  EXPECT_EQ(one.peer_not_after(), 0);
  b.reset();
  EXPECT_EQ(one.Send("x").status, IoStatus::kFailed);
  EXPECT_EQ(one.failure_text(), "broken pipe");
}

int Option(const UniqueFd& fd, int level, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  EXPECT_EQ(::getsockopt(fd.get(), level, option, &value, &length), 0);
  return value;
}

TEST_F(SocketTest, TunesTcp) {
  const UniqueFd fd = NewSocket(AF_INET);
  TuneTcp(fd.get(), {.on = true, .idle_s = 7, .interval_s = 8, .count = 9});
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(Option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 7);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 8);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_KEEPCNT), 9);
  TuneTcp(fd.get(), {.on = false});
  EXPECT_EQ(Option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
}

TEST_F(SocketTest, SetsTheUserTimeoutUnlessItIsZero) {
  const UniqueFd fd = NewSocket(AF_INET);
  SetUserTimeout(fd.get(), std::chrono::milliseconds(0));
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
  SetUserTimeout(fd.get(), std::chrono::seconds(30));
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 30'000);
}

TEST_F(SocketTest, ErrnoTextFitsIntoASentence) {
  EXPECT_EQ(ErrnoText(ECONNREFUSED), "connection refused");
}

}  // namespace
}  // namespace pgsidecar::net
