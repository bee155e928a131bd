#include "cache/redis_connection.h"

#include <gmock/gmock.h>

#include <optional>

#include "unit/cache/loop_thread.h"
#include "unit/cache/redis_process.h"
#include "unit/cache/redis_proxy.h"
#include "unit/net/test_certificates.h"

namespace pgsidecar::cache {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string_view>;

class RedisConnectionTest : public ::testing::Test, public RedisConnectionHandler {
 protected:
  /// Before any part of the test goes: the loop's thread calls it until then.
  void TearDown() override { Drop(); }

  void OnRedisReady(const RedisServer& server) override { server_ = server; }
  void OnRedisClosed(RedisFailure failure, const std::string& text) override {
    closed_ = failure;
    text_ = text;
  }

  /// Makes a new connection to `url`, and waits until it is ready or failed.
  void Connect(const std::string& url) {
    const auto parsed = ParseRedisUrl(url);
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    Drop();
    thread_.Do([&] {
      target_.url = parsed.value();
      connection_.emplace(
          RedisConnection::Context{
              .loop = thread_.loop(), .resolver = resolver_, .addresses = addresses_},
          target_, *this);
    });
    Restart();
  }

  void Restart() {
    thread_.Do([this] {
      server_.reset();
      closed_.reset();
      connection_->Start();
      EXPECT_FALSE(server_.has_value() || closed_.has_value()) << "never from within Start";
    });
    WaitFor([this] { return server_.has_value() || closed_.has_value(); });
  }

  void Stop() {
    thread_.Do([this] { connection_->Stop(); });
  }
  void Drop() {
    thread_.Do([this] { connection_.reset(); });
  }
  void WaitFor(const std::function<bool()>& condition) {
    EXPECT_TRUE(Eventually([&] { return thread_.Do(condition); }));
  }

  /// The answer in a form for people: the text, `(nil)`, the number, or the failure.
  static std::string Shown(const RedisAnswer& answer) {
    if (!answer.reply) return "failure " + std::string(Name(answer.failure));
    const RedisValue value = answer.value();
    if (value.is_nil()) return "(nil)";
    if (value.integer()) return std::to_string(*value.integer());
    return std::string(value.text());
  }

  /// False if the queue is full.
  bool TrySend(const Words& words, milliseconds wait = milliseconds(0)) {
    return connection_->Send(
        words, [this](const RedisAnswer& answer) { answers_.push_back(Shown(answer)); }, wait);
  }
  void Send(const Words& words, int times = 1, milliseconds wait = milliseconds(0)) {
    thread_.Do([&] {
      for (int i = 0; i < times; ++i) EXPECT_TRUE(TrySend(words, wait));
    });
  }

  std::vector<std::string> Answers(std::size_t count) {
    WaitFor([&] { return answers_.size() >= count; });
    return thread_.Do([this] { return std::exchange(answers_, {}); });
  }

  net::Resolver resolver_;
  RedisAddressBook addresses_;  // This and all that follows: the loop's thread.
  RedisTarget target_;
  std::optional<RedisConnection> connection_;
  std::optional<RedisServer> server_;
  std::optional<RedisFailure> closed_;
  std::string text_;
  std::vector<std::string> answers_;
  LoopThread thread_;
};

TEST_F(RedisConnectionTest, LogsInAndPipelinesInOrder) {
  RedisProcess redis;
  Connect(redis.url() + "?db=3");
  ASSERT_TRUE(server_.has_value()) << text_;
  EXPECT_EQ(server_->run_id.size(), 40U);
  const Nanos off = server_->clock_offset + thread_.clock().Now() - thread_.clock().UnixNow();
  EXPECT_LT(std::abs(off), kNanosPerSecond);
  Send({"INCR", "counter"}, 100);
  const auto answers = Answers(100);
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], std::to_string(i + 1));
  EXPECT_EQ(redis.Do({"GET", "counter"}), "(nil)") << "in database 3, not in 0";
  EXPECT_THAT(redis.Do({"CLIENT", "LIST"}), HasSubstr("name=pgsidecar"));
}

TEST_F(RedisConnectionTest, AnyBytesSurvive) {
  RedisProcess redis;
  Connect(redis.url());
  const std::string key("a b\r\n\0*?[{", 10);
  const std::string value = std::string(std::size_t{1} << 20, '\n');
  Send({"SET", key, value});
  Send({"GET", key});
  EXPECT_TRUE(Answers(2) == std::vector<std::string>({"OK", value}));
}

TEST_F(RedisConnectionTest, PasswordsAndAclUsers) {
  RedisProcess redis({.tcp = true, .arguments = {"--requirepass", "hunter2"}});
  const std::string host = "127.0.0.1:" + std::to_string(redis.port());
  Connect("redis://:hunter2@" + host);
  EXPECT_TRUE(server_.has_value()) << text_;
  Stop();
  for (const std::string login : {"", ":wrong@", "nobody:hunter2@"}) {
    Connect("redis://" + login + host);
    EXPECT_EQ(closed_, RedisFailure::kAuth) << login;
    EXPECT_THAT(text_, Not(HasSubstr("hunter2")));
  }
}

TEST_F(RedisConnectionTest, NobodyThere) {
  std::string url;
  {
    RedisProcess redis;
    url = redis.url();
  }
  Connect(url);
  EXPECT_EQ(closed_, RedisFailure::kConnect);
  EXPECT_THAT(text_, HasSubstr("no such file"));
}

TEST_F(RedisConnectionTest, HostNamesAreLookedUpOnce) {
  RedisProcess redis({.tcp = true, .arguments = {}});
  Connect("redis://localhost:" + std::to_string(redis.port()));
  ASSERT_TRUE(server_.has_value()) << text_;
  EXPECT_FALSE(addresses_.Get(thread_.clock().Now()).empty());
  Stop();
  Restart();
  EXPECT_TRUE(server_.has_value()) << text_;
  Stop();
  redis.Kill();
  Restart();
  EXPECT_EQ(closed_, RedisFailure::kConnect);
  EXPECT_TRUE(addresses_.Get(thread_.clock().Now()).empty());
}

TEST_F(RedisConnectionTest, HardDeadlineClosesAndALateReplyReachesNobody) {
  RedisProcess redis;
  Connect(redis.url());
  redis.Do({"SET", "k", "old"});
  redis.Pause();
  const Nanos before = thread_.clock().Now();
  Send({"GET", "k"});
  Send({"PING"});
  EXPECT_THAT(Answers(2), ::testing::Each("failure timeout"));
  EXPECT_LT(thread_.clock().Now() - before, ToNanos(milliseconds(400)));
  EXPECT_GE(thread_.clock().Now() - before, ToNanos(milliseconds(100)));
  EXPECT_EQ(closed_, RedisFailure::kTimeout);
  EXPECT_TRUE(thread_.Do([this] { return connection_->idle(); }));
  redis.Resume();
  Restart();
  Send({"ECHO", "fresh"});
  EXPECT_THAT(Answers(1), ::testing::ElementsAre("fresh"));
}

TEST_F(RedisConnectionTest, APausedServerFailsTheLoginInTime) {
  RedisProcess redis;
  redis.Pause();
  const Nanos before = thread_.clock().Now();
  Connect(redis.url());
  EXPECT_EQ(closed_, RedisFailure::kTimeout);
  EXPECT_LT(thread_.clock().Now() - before, ToNanos(milliseconds(800)));
  redis.Resume();
}

TEST_F(RedisConnectionTest, ServersMayWaitWhenTheyAreTold) {
  RedisProcess redis;
  Connect(redis.url());
  Send({"XREAD", "BLOCK", "200", "STREAMS", "s", "0"}, 1, milliseconds(200));
  EXPECT_THAT(Answers(1), ::testing::ElementsAre("(nil)"));
  EXPECT_TRUE(thread_.Do([this] { return connection_->ready(); }));
}

TEST_F(RedisConnectionTest, KilledMidPipeline) {
  RedisProcess redis;
  Connect(redis.url());
  redis.Pause();  // So that none is answered before the kill.
  Send({"PING"}, 500);
  redis.Kill();
  EXPECT_THAT(Answers(500), ::testing::Each("failure reset"));
  EXPECT_EQ(closed_, RedisFailure::kReset);
}

TEST_F(RedisConnectionTest, BadBytesFromTheServer) {
  RedisProcess redis;
  RedisProxy proxy(redis.socket_path());
  struct Case {
    ProxyFault fault;
    RedisFailure expected;
  };
  for (const Case& each : {Case{ProxyFault::kHalf, RedisFailure::kTimeout},
                           Case{ProxyFault::kReset, RedisFailure::kReset},
                           Case{ProxyFault::kGarbage, RedisFailure::kProtocol},
                           Case{ProxyFault::kHuge, RedisFailure::kProtocol},
                           Case{ProxyFault::kHold, RedisFailure::kTimeout}}) {
    proxy.Set(ProxyFault::kNone);
    Connect(proxy.url());
    ASSERT_TRUE(server_.has_value()) << text_;
    proxy.Set(each.fault);
    Send({"ECHO", std::string(1000, 'x')});
    EXPECT_THAT(Answers(1), ::testing::ElementsAre("failure " + std::string(Name(each.expected))));
    EXPECT_EQ(closed_, each.expected);
  }
}

TEST_F(RedisConnectionTest, QueueIsBounded) {
  RedisProcess redis;
  target_.hard_timeout = std::chrono::seconds(5);  // Megabytes take a while under a sanitizer.
  Connect(redis.url());
  thread_.Do([this] {
    for (std::size_t i = 0; i < RedisConnection::kCommandsMax; ++i) EXPECT_TRUE(TrySend({"PING"}));
    EXPECT_FALSE(TrySend({"PING"}));
  });
  EXPECT_THAT(Answers(RedisConnection::kCommandsMax), ::testing::Each("PONG"));
  const std::string big(std::size_t{3} << 20, 'x');
  const int taken = thread_.Do([&] {
    int count = 0;
    while (count < 10 && TrySend({"SET", "k", big})) ++count;
    return count;
  });
  EXPECT_EQ(taken, 3) << "the one that passes 8 MiB is the last";
  EXPECT_THAT(Answers(3), ::testing::Each("OK"));
}

TEST_F(RedisConnectionTest, StopInACallback) {
  RedisProcess redis;
  Connect(redis.url());
  const Words ping = {"PING"};
  thread_.Do([&] {
    EXPECT_TRUE(connection_->Send(ping, [this](const RedisAnswer&) { connection_->Stop(); }));
    EXPECT_TRUE(TrySend(ping));
  });
  EXPECT_THAT(Answers(1), ::testing::ElementsAre("failure reset"));
  EXPECT_FALSE(closed_.has_value()) << "Stop is no news to the handler";
  Restart();
  EXPECT_TRUE(server_.has_value());
}

TEST_F(RedisConnectionTest, VerifiedTls) {
  net::TestDirectory directory;
  net::TestAuthority authority(directory, "authority");
  const net::Identity right =
      authority.Issue({.name = "right", .alternative_names = "DNS:localhost,IP:127.0.0.1"});
  const net::Identity wrong =
      authority.Issue({.name = "wrong", .alternative_names = "DNS:elsewhere"});
  const net::Identity client =
      authority.Issue({.name = "client", .alternative_names = "DNS:client"});
  for (const net::Identity& identity : {right, wrong}) {
    const std::string port = std::to_string(FreePort());
    const RedisProcess redis(
        {.arguments = {"--tls-port", port, "--tls-cert-file", identity.cert_file, "--tls-key-file",
                       identity.key_file, "--tls-ca-cert-file", authority.cert_file()}});
    const auto context = net::TlsContext::ForClient({.verify = net::TlsVerify::kFull,
                                                     .root_file = authority.cert_file(),
                                                     .cert_file = client.cert_file,
                                                     .key_file = client.key_file,
                                                     .alpn = ""});
    ASSERT_TRUE(context.ok()) << context.error().message;
    target_.tls = context.value();
    thread_.Do([this] { addresses_.Forget(); });
    Connect("rediss://localhost:" + port);
    if (identity.cert_file == wrong.cert_file) {
      EXPECT_EQ(closed_, RedisFailure::kConnect);
      EXPECT_THAT(text_, HasSubstr("does not match"));
      continue;
    }
    ASSERT_TRUE(server_.has_value()) << text_;
    const std::string big(500'000, 'x');
    Send({"ECHO", big});
    Send({"PING"});
    EXPECT_TRUE(Answers(2) == std::vector<std::string>({big, "PONG"}));
  }
}

}  // namespace
}  // namespace pgsidecar::cache
