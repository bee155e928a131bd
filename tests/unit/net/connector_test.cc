#include "net/connector.h"

#include <netinet/in.h>

#include <optional>
#include <vector>

#include "net/listener.h"
#include "unit/net/loop_fixture.h"

namespace pgsidecar::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ConnectorTest : public LoopTest, public ConnectHandler {
 protected:
  void OnConnected(UniqueFd fd) override { connected_ = std::move(fd); }
  void OnConnectFailed(ConnectFailure reason, const std::string& text) override {
    failure_ = reason;
    text_ = text;
  }
  bool Done() const { return connected_ || failure_.has_value(); }

  void Connect(const Endpoint& endpoint, std::chrono::nanoseconds timeout = seconds(5)) {
    connector_.Start(endpoint, timeout);
    EXPECT_FALSE(Done()) << "never from within Start";
    RunUntil([this] { return Done(); });
  }

  /// A listening IPv4 socket on a free port, `backlog` deep.
  static UniqueFd Listening(int backlog, std::uint16_t& port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t length = sizeof address;
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
    if (backlog >= 0) {
      EXPECT_EQ(::listen(fd.get(), backlog), 0);
    }
    return fd;
  }

  UniqueFd connected_;
  std::optional<ConnectFailure> failure_;
  std::string text_;
  Resolver resolver_;
  Connector connector_{loop_, resolver_, *this};
};

TEST_F(ConnectorTest, ConnectsToANumericAddress) {
  std::uint16_t port = 0;
  const UniqueFd server = Listening(1, port);
  Connect({.host = "127.0.0.1", .port = port});
  EXPECT_TRUE(connected_);
}

TEST_F(ConnectorTest, TriesEveryAddressOfAName) {
  // `localhost` is ::1 and 127.0.0.1 where IPv6 is on; only the second one listens.
  std::uint16_t port = 0;
  const UniqueFd server = Listening(1, port);
  Connect({.host = "localhost", .port = port});
  EXPECT_TRUE(connected_);
  EXPECT_EQ(connector_.address().ToString(), "127.0.0.1:" + std::to_string(port));
}

TEST_F(ConnectorTest, SaysThatItWasRefused) {
  std::uint16_t port = 0;
  const UniqueFd bound = Listening(-1, port);
  Connect({.host = "127.0.0.1", .port = port});
  EXPECT_EQ(failure_, ConnectFailure::kRefused);
  EXPECT_EQ(text_, "connection refused");
}

TEST_F(ConnectorTest, SaysThatASocketFileIsMissing) {
  Connect({.host = "/nonexistent", .port = 5432});
  EXPECT_EQ(failure_, ConnectFailure::kRefused);
  EXPECT_EQ(text_, "no such file or directory");
}

TEST_F(ConnectorTest, SaysThatANameDoesNotResolve) {
  Connect({.host = std::string(300, 'x'), .port = 5432});
  EXPECT_EQ(failure_, ConnectFailure::kDns);
  EXPECT_EQ(text_.rfind("cannot resolve the host name: ", 0), 0U);
}

TEST_F(ConnectorTest, GivesUpOnASilentHost) {
  // A full accept queue drops the SYN, as a black hole does.
  std::uint16_t port = 0;
  const UniqueFd server = Listening(0, port);
  std::vector<UniqueFd> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(NewSocket(AF_INET));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::connect(fillers.back().get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  Connect({.host = "127.0.0.1", .port = port}, milliseconds(50));
  EXPECT_EQ(failure_, ConnectFailure::kTimeout);
  EXPECT_EQ(text_, "connection timed out");
}

TEST_F(ConnectorTest, MayBeStartedAgain) {
  std::uint16_t port = 0;
  const UniqueFd server = Listening(1, port);
  int connections = 0;
  connector_.Start({.host = "127.0.0.1", .port = port}, seconds(5));
  RunUntil([&] {
    if (!connected_) return failure_.has_value();
    connected_.reset();
    if (++connections == 1) connector_.Start({.host = "127.0.0.1", .port = port}, seconds(5));
    return connections == 2;
  });
  EXPECT_EQ(connections, 2);
}

TEST_F(ConnectorTest, ForgottenAttemptStaysSilent) {
  std::uint16_t port = 0;
  const UniqueFd server = Listening(1, port);
  connector_.Start({.host = "localhost", .port = port}, seconds(5));
  connector_.Cancel();
  bool end = false;
  Timer timer(loop_, [&] { end = true; });
  timer.Start(milliseconds(50));
  RunUntil([&] { return end; });
  EXPECT_FALSE(Done());
}

}  // namespace
}  // namespace pgsidecar::net
