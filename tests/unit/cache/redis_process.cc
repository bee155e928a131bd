#include "unit/cache/redis_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/unique_fd.h"

namespace pgsidecar::cache {
namespace {

std::string Text(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      return std::to_string(reply.integer);
    case REDIS_REPLY_NIL:
      return "(nil)";
    case REDIS_REPLY_ERROR:
      return "-" + std::string(reply.str, reply.len);
    case REDIS_REPLY_ARRAY: {
      std::string joined;
      for (std::size_t i = 0; i < reply.elements; ++i) {
        if (i > 0) joined += ' ';
        joined += Text(*reply.element[i]);
      }
      return joined;
    }
    default:
      return {reply.str, reply.len};
  }
}

}  // namespace

std::uint16_t FreePort() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  socklen_t length = sizeof address;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}

bool Eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    if (condition()) return true;
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

RedisProcess::RedisProcess(Options options) : options_(std::move(options)) {
  std::string pattern = (std::filesystem::temp_directory_path() / "redis-XXXXXX").string();
  EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
  directory_ = pattern;
  if (options_.tcp) port_ = FreePort();
  Start();
}

RedisProcess::~RedisProcess() {
  if (pid_ > 0) Kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void RedisProcess::Start() {
  std::vector<std::string> words = {"redis-server",
                                    "--port",
                                    std::to_string(port_),
                                    "--bind",
                                    "127.0.0.1",
                                    "--unixsocket",
                                    socket_path(),
                                    "--dir",
                                    directory_,
                                    "--logfile",
                                    directory_ + "/redis.log",
                                    "--save",
                                    "",
                                    "--appendonly",
                                    "no"};
  words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
  std::vector<char*> arguments;
  for (std::string& each : words) arguments.push_back(each.data());
  arguments.push_back(nullptr);
  pid_ = ::fork();
  ASSERT_GE(pid_, 0);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // A test that crashes leaves no server behind.
    ::execvp("redis-server", arguments.data());
    ::_exit(127);
  }
  ASSERT_TRUE(Eventually([this] { return Answers(); })) << "redis-server does not answer";
}

bool RedisProcess::Answers() const {
  const std::string pong = Do({"PING"});
  return !pong.empty();
}

void RedisProcess::Kill() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisProcess::Stop() {
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisProcess::Pause() {
  ::kill(pid_, SIGSTOP);
  ::waitpid(pid_, nullptr, WUNTRACED);
}

void RedisProcess::Resume() { ::kill(pid_, SIGCONT); }

std::string RedisProcess::Do(const std::vector<std::string>& arguments) const {
  const std::unique_ptr<redisContext, decltype(&redisFree)> context(
      redisConnectUnixWithTimeout(socket_path().c_str(), {.tv_sec = 5, .tv_usec = 0}), &redisFree);
  if (context == nullptr || context->err != 0) return {};
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const std::string& each : arguments) {
    texts.push_back(each.c_str());
    lengths.push_back(each.size());
  }
  auto* const reply = static_cast<redisReply*>(redisCommandArgv(
      context.get(), static_cast<int>(texts.size()), texts.data(), lengths.data()));
  if (reply == nullptr) return {};
  const std::string text = Text(*reply);
  freeReplyObject(reply);
  return text;
}

std::vector<std::string> RedisProcess::Keys() const {
  const std::string joined = Do({"KEYS", "*"});
  std::vector<std::string> keys;
  for (std::size_t at = 0; at < joined.size();) {
    const std::size_t end = std::min(joined.find(' ', at), joined.size());
    keys.push_back(joined.substr(at, end - at));
    at = end + 1;
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::int64_t RedisProcess::Calls(const std::string& command) const {
  const std::string stats = Do({"INFO", "commandstats"});
  const std::string name = "cmdstat_" + command + ":calls=";
  const std::size_t at = stats.find(name);
  if (at == std::string::npos) return 0;
  std::int64_t calls = 0;
  std::from_chars(stats.data() + at + name.size(), stats.data() + stats.size(), calls);
  return calls;
}

RedisMonitor::RedisMonitor(const RedisProcess& redis)
    : redis_(redis), context_(redisConnectUnix(redis.socket_path().c_str()), &redisFree) {
  void* const reply = redisCommand(context_.get(), "MONITOR");
  EXPECT_NE(reply, nullptr);
  freeReplyObject(reply);
}

std::set<std::string> RedisMonitor::Commands() {
  // What comes last is known, so that all before it was seen.
  redis_.Do({"ECHO", "the end"});
  std::set<std::string> commands;
  for (;;) {
    void* raw = nullptr;
    if (redisGetReply(context_.get(), &raw) != REDIS_OK) return commands;
    const std::string line = Text(*static_cast<redisReply*>(raw));
    freeReplyObject(raw);
    // `1700000000.123456 [0 unix:/tmp/redis.sock] "get" "key"`
    const std::size_t open = line.find("] \"");
    if (open == std::string::npos) continue;
    const std::string name = line.substr(open + 3, line.find('"', open + 3) - open - 3);
    std::string lower;
    for (const char c : name)
      lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (lower == "echo") return commands;
    commands.insert(lower);
  }
}

}  // namespace pgsidecar::cache
