#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

struct redisContext;

namespace pgsidecar::cache {

/// Whether `condition` came true within `limit`, asked every millisecond.
bool Eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds limit = std::chrono::seconds(10));

/// A port of 127.0.0.1 that nobody listens on.
std::uint16_t FreePort();

/// A private redis-server of one test, on a Unix socket in a directory of its own and, if asked
/// for, on a loopback port. Ends with its object.
class RedisProcess {
 public:
  struct Options {
    bool tcp = false;                    ///< Listen on port() of 127.0.0.1.
    std::vector<std::string> arguments;  ///< More of the command line.
  };

  RedisProcess() : RedisProcess(Options()) {}
  explicit RedisProcess(Options options);
  ~RedisProcess();
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;

  /// After Kill or Stop: the same directory, socket and port.
  void Start();
  void Kill();    ///< SIGKILL.
  void Stop();    ///< SIGTERM: saves if it was told to.
  void Pause();   ///< SIGSTOP.
  void Resume();  ///< SIGCONT.

  std::string url() const { return "unix://" + socket_path(); }
  std::string socket_path() const { return directory_ + "/redis.sock"; }
  const std::string& directory() const { return directory_; }
  std::uint16_t port() const { return port_; }

  /// Runs one command over a connection of its own, by hiredis' own client: an observer that shares
  /// nothing with the code under test. Arrays come as their elements joined by spaces, nil as
  /// "(nil)", errors with a '-' in front. Empty if there is no answer.
  std::string Do(const std::vector<std::string>& arguments) const;
  /// Names of all keys, sorted.
  std::vector<std::string> Keys() const;
  /// Calls of a command so far, as INFO commandstats counts them: `get`, `client|setname`.
  std::int64_t Calls(const std::string& command) const;

 private:
  bool Answers() const;

  Options options_;
  std::string directory_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

/// Watches every command that a server gets, by MONITOR.
class RedisMonitor {
 public:
  explicit RedisMonitor(const RedisProcess& redis);

  /// Names of the commands so far, in lower case.
  std::set<std::string> Commands();

 private:
  const RedisProcess& redis_;
  std::unique_ptr<redisContext, void (*)(redisContext*)> context_;
};

}  // namespace pgsidecar::cache
