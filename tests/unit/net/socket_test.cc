#include "net/socket.h"

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

TEST_F(SocketTest, ErrnoTextFitsIntoASentence) {
  EXPECT_EQ(ErrnoText(ECONNREFUSED), "connection refused");
}

}  // namespace
}  // namespace pgsidecar::net
