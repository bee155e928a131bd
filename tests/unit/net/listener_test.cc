#include "net/listener.h"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdlib>
#include <vector>

#include "unit/net/loop_fixture.h"

namespace pgsidecar::net {
namespace {

class ListenerTest : public LoopTest, public AcceptHandler {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/listener_test.XXXXXX";
    directory_ = ::mkdtemp(pattern);
  }
  void TearDown() override {
    ::unlink(Socket().unix_path().c_str());
    ::rmdir(directory_.c_str());
  }

  void OnAccepted(UniqueFd client, const SocketAddress& peer) override {
    accepted_.push_back(std::move(client));
    peer_ = peer;
  }
  void OnAcceptRefused() override { ++refused_; }

  Endpoint Socket() const { return {.host = directory_, .port = 6432}; }

  std::unique_ptr<Listener> Bind(const Endpoint& endpoint) {
    auto listener = Listener::Bind(loop_, endpoint, *this);
    EXPECT_TRUE(listener.ok()) << listener.error().message;
    listener.value()->Start();
    return std::move(listener).value();
  }

  /// A blocking client connected to the listener.
  static UniqueFd ConnectTcp(int family, std::uint16_t port);

  std::string directory_;
  std::vector<UniqueFd> accepted_;
  SocketAddress peer_;
  int refused_ = 0;
};

/// UBSan looks at memory through a pipe and misjudges it when there is no descriptor left.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kNeedsDescriptors = true;
#else
constexpr bool kNeedsDescriptors = false;
#endif

UniqueFd ListenerTest::ConnectTcp(int family, std::uint16_t port) {
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int connected = -1;
  if (family == AF_INET) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected = ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_loopback;
    connected = ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  EXPECT_EQ(connected, 0);
  return fd;
}

UniqueFd ConnectUnix(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = UnixAddress(path);
  EXPECT_EQ(::connect(fd.get(), address.value().get(), address.value().length), 0);
  return fd;
}

TEST_F(ListenerTest, TakesAFreePortAndNamesThePeer) {
  const auto listener = Bind({.host = "127.0.0.1", .port = 0});
  ASSERT_NE(listener->endpoint().port, 0);
  const UniqueFd client = ConnectTcp(AF_INET, listener->endpoint().port);
  RunUntil([&] { return accepted_.size() == 1; });
  EXPECT_EQ(peer_.ToString().rfind("127.0.0.1:", 0), 0U);
}

TEST_F(ListenerTest, ListensOnIpv6) {
  if (::access("/proc/net/if_inet6", R_OK) != 0) GTEST_SKIP() << "no IPv6 here";
  const auto listener = Bind({.host = "::1", .port = 0});
  const UniqueFd client = ConnectTcp(AF_INET6, listener->endpoint().port);
  RunUntil([&] { return accepted_.size() == 1; });
  EXPECT_EQ(peer_.ToString().rfind("[::1]:", 0), 0U);
}

TEST_F(ListenerTest, UnixSocketHasItsModeAndIsRemovedAtTheEnd) {
  {
    const auto listener = Bind(Socket());
    struct stat file {};
    ASSERT_EQ(::stat(Socket().unix_path().c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0660U);
    const UniqueFd client = ConnectUnix(Socket().unix_path());
    RunUntil([&] { return accepted_.size() == 1; });
    EXPECT_EQ(peer_.ToString(), "unix");
  }
  EXPECT_NE(::access(Socket().unix_path().c_str(), F_OK), 0);
}

TEST_F(ListenerTest, ReplacesAStaleSocketFileButNotALiveOne) {
  {
    const UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = UnixAddress(Socket().unix_path());
    ASSERT_EQ(::bind(dead.get(), address.value().get(), address.value().length), 0);
  }
  const auto listener = Bind(Socket());
  const auto second = Listener::Bind(loop_, Socket(), *this);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find(directory_), std::string::npos);
  // The second listener's question whether anybody answers is the other connection.
  const UniqueFd client = ConnectUnix(Socket().unix_path());
  RunUntil([&] { return accepted_.size() == 2; });
}

TEST_F(ListenerTest, NamesTheAddressItCannotBind) {
  const auto first = Bind({.host = "127.0.0.1", .port = 0});
  const auto second = Listener::Bind(loop_, first->endpoint(), *this);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().message,
            "cannot listen on " + first->endpoint().ToString() + ": address already in use");
}

TEST_F(ListenerTest, SurvivesTheEndOfDescriptors) {
  if (kNeedsDescriptors) GTEST_SKIP() << "under a sanitizer";
  const auto listener = Bind({.host = "127.0.0.1", .port = 0});
  const UniqueFd refused = ConnectTcp(AF_INET, listener->endpoint().port);
  rlimit former{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &former), 0);
  const UniqueFd probe(::dup(0));
  rlimit none = former;
  none.rlim_cur = static_cast<rlim_t>(probe.get()) + 1;  // Every number below it is taken.
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  RunUntil([&] { return refused_ > 0; });
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &former), 0);
  EXPECT_TRUE(accepted_.empty());
  char byte = 0;
  EXPECT_EQ(::recv(refused.get(), &byte, 1, 0), 0) << "the client learns it at once";
}

TEST_F(ListenerTest, AcceptsAgainAfterThePause) {
  if (kNeedsDescriptors) GTEST_SKIP() << "under a sanitizer";
  const auto listener = Bind({.host = "127.0.0.1", .port = 0});
  const UniqueFd refused = ConnectTcp(AF_INET, listener->endpoint().port);
  const UniqueFd later = ConnectTcp(AF_INET, listener->endpoint().port);
  rlimit former{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &former), 0);
  const UniqueFd probe(::dup(0));
  rlimit none = former;
  none.rlim_cur = static_cast<rlim_t>(probe.get()) + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  RunUntil([&] {
    if (refused_ == 1) ::setrlimit(RLIMIT_NOFILE, &former);
    return accepted_.size() == 1;
  });
  EXPECT_EQ(refused_, 1);
}

}  // namespace
}  // namespace pgsidecar::net
