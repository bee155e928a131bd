#include "app/notify.h"

#include <gtest/gtest.h>
#include <sys/un.h>

#include <cstring>

namespace pgsidecar::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A service manager: the socket that it listens on.
class Manager {
 public:
  /// `name` is a path, or begins with '@' for an abstract socket.
  explicit Manager(const std::string& name) : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  }

  /// The next datagram, or nothing.
  std::string Heard() const {
    char block[1024];
    const ssize_t got = recv(fd_.get(), block, sizeof block, 0);
    return got < 0 ? "" : std::string(block, static_cast<std::size_t>(got));
  }

 private:
  UniqueFd fd_;
};

std::string SocketPath() { return testing::TempDir() + "notify_" + std::to_string(getpid()); }

struct PathManager : Manager {
  PathManager() : Manager(SocketPath()) {}
  ~PathManager() { unlink(SocketPath().c_str()); }
};

TEST(Notifier, TellsTheManagerEveryState) {
  const PathManager manager;
  Notifier notifier({SocketPath(), {}});
  notifier.Ready("serves\nall");
  EXPECT_EQ(manager.Heard(), "READY=1\nSTATUS=serves all");
  notifier.Reloading(1'234'567'890);
  EXPECT_EQ(manager.Heard(), "RELOADING=1\nMONOTONIC_USEC=1234567");
  notifier.Stopping("draining");
  EXPECT_EQ(manager.Heard(), "STOPPING=1\nSTATUS=draining");
  EXPECT_EQ(manager.Heard(), "");
}

TEST(Notifier, KnowsAbstractSockets) {
  const std::string name = "@pgsidecar_notify_test_" + std::to_string(getpid());
  const Manager manager(name);
  Notifier notifier({name, {}});
  notifier.Ready("x");
  EXPECT_EQ(manager.Heard(), "READY=1\nSTATUS=x");
}

TEST(Notifier, FeedsTheWatchdogEveryHalfOfItsTime) {
  const PathManager manager;
  Notifier notifier({SocketPath(), seconds(3)});
  const Nanos begin = 1000 * kNanosPerSecond;
  notifier.KeepAlive(begin);
  EXPECT_EQ(manager.Heard(), "WATCHDOG=1");
  EXPECT_EQ(notifier.Pause(begin, seconds(1)), seconds(1));
  EXPECT_EQ(notifier.Pause(begin, seconds(9)), milliseconds(1500));
  EXPECT_EQ(notifier.Pause(begin + 1'499'000'001, seconds(1)), milliseconds(1)) << "rounded up";
  notifier.KeepAlive(begin + 1'499'999'999);
  EXPECT_EQ(manager.Heard(), "");
  notifier.KeepAlive(begin + 1'500'000'000);
  EXPECT_EQ(manager.Heard(), "WATCHDOG=1");
  EXPECT_EQ(notifier.Pause(begin + 9 * kNanosPerSecond, seconds(1)), seconds(0));
}

TEST(Notifier, WithoutAManagerItDoesNothing) {
  Notifier notifier({"", seconds(2)});
  notifier.Ready("x");
  notifier.KeepAlive(0);
  EXPECT_EQ(notifier.Pause(0, seconds(1)), seconds(1));
}

TEST(Notifier, AManagerThatIsGoneIsNoProblem) {
  for (const std::string& name : {SocketPath(), std::string("relative"), std::string(200, '/')}) {
    Notifier notifier({name, {}});
    notifier.Ready("x");
    notifier.Stopping("x");
  }
}

TEST(NotifyOptions, ComeFromTheEnvironment) {
  const auto read = [](config::Environment environment) {
    environment.emplace_back("NOTIFY_SOCKET", "/run/n");
    return ReadNotifyOptions(environment, 42).watchdog;
  };
  EXPECT_EQ(ReadNotifyOptions({{"NOTIFY_SOCKET", "/run/n"}}, 42).socket, "/run/n");
  EXPECT_EQ(ReadNotifyOptions({{"HOME", "/"}}, 42).socket, "");
  EXPECT_EQ(read({}), seconds(0));
  EXPECT_EQ(read({{"WATCHDOG_USEC", "3000000"}}), seconds(3));
  EXPECT_EQ(read({{"WATCHDOG_USEC", "3000000"}, {"WATCHDOG_PID", "42"}}), seconds(3));
  EXPECT_EQ(read({{"WATCHDOG_USEC", "3000000"}, {"WATCHDOG_PID", "43"}}), seconds(0));
  EXPECT_EQ(read({{"WATCHDOG_USEC", "3000000"}, {"WATCHDOG_PID", "x"}}), seconds(0));
  for (const char* wrong : {"", "x", "-1", "0", "99999999999999999999"}) {
    EXPECT_EQ(read({{"WATCHDOG_USEC", wrong}}), seconds(0)) << wrong;
  }
  EXPECT_EQ(read({{"WATCHDOG_USEC", "9223372036854775807"}}), std::chrono::hours(24));
}

}  // namespace
}  // namespace pgsidecar::app
