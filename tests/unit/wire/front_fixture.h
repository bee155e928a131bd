#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "metrics/exposition.h"
#include "metrics/recorder.h"
#include "metrics/slow_log.h"
#include "sql/catalogue.h"
#include "wire/session_hooks.h"
#include "wire/wire_front.h"

namespace pgsidecar::wire {

/// A blocking TCP connection of a test. Every wait ends after 10 s with a failed test.
class Peer {
 public:
  Peer() = default;
  explicit Peer(UniqueFd fd);
  static Peer Connect(std::uint16_t port);

  void Send(std::string_view bytes);
  /// Exactly `size` bytes.
  std::string Receive(std::size_t size);
  /// Everything until the other side closes. A reset shows as `<reset>` at the end.
  std::string ReceiveAll();
  /// Whether nothing comes for 200 ms.
  bool Silent();
  void HalfClose();
  /// Closes so that the other side gets a reset.
  void Reset();
  void Close() { fd_.reset(); }
  bool open() const { return static_cast<bool>(fd_); }

 private:
  UniqueFd fd_;
};

/// A server that runs one script per connection, each on a thread of its own, in the order in which
/// the connections come; the last script serves all later ones.
class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;
  explicit ScriptedServer(std::vector<Script> scripts);
  ~ScriptedServer();
  std::uint16_t port() const { return port_; }

 private:
  void Serve();

  const std::vector<Script> scripts_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::vector<std::thread> sessions_;
  std::thread thread_;
};

/// A running wire front in front of a scripted server.
class FrontTest : public ::testing::Test {
 protected:
  void TearDown() override;

  /// Starts the front. Options may be changed in options_ before.
  void StartFront(std::vector<ScriptedServer::Script> scripts);
  /// Ends front and server and joins the scripts. To be called before what they refer to goes out
  /// of scope, and before what they wrote is read.
  void StopAll();
  Peer Client() { return Peer::Connect(port_); }
  /// A client whose login was answered.
  Peer LoggedIn();

  /// The value of a sample on the metrics page, `name{labels}` as written there; -1 if absent.
  double Metric(const std::string& sample);
  /// Waits until a sample has this value: counters are published four times a second.
  void ExpectMetric(const std::string& sample, double value);

  WireOptions options_;
  std::function<std::unique_ptr<SessionHooks>(SessionHooks&)> interpose_;
  double slow_threshold_ = 1.0;          ///< Seconds.
  SslMode sslmode_ = SslMode::kDisable;  ///< Scripts see the StartupMessage first.
  WriteWatch* writes_ = nullptr;
  SystemClock clock_;
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<metrics::Recorder> recorder_;
  std::unique_ptr<sql::Catalogue> catalogue_;
  std::unique_ptr<metrics::SlowLog> slow_log_;
  std::unique_ptr<WireFront> front_;
  std::uint16_t port_ = 0;
};

// Messages of the protocol (PostgreSQL manual, "Message Formats").

std::string Message(char type, std::string_view body);
std::string Startup(std::string_view user = "u", std::string_view database = "d",
                    std::uint32_t version = 3U << 16);
std::string SslRequest();
std::string GssencRequest();
std::string Cancel(std::string_view key);
std::string Query(std::string_view text);
std::string ErrorMessage(std::string_view severity, std::string_view sqlstate);
/// What a server says after a StartupMessage when it trusts the client.
std::string LoginAnswer();
/// The answer to `SELECT 1`.
std::string OneRow();
inline const std::string kBackendKey = "\1\2\3\4\5\6\7\10";
/// Reads a StartupMessage and answers it.
std::string ServeLogin(Peer& peer);
/// A script: answers the login, then each Query with one row until the client leaves.
void ServeQueries(Peer& peer);
/// Reads one message.
std::string ReceiveMessage(Peer& peer);
/// The text of a FATAL error of ours; the message must be exactly that one.
std::string FatalText(std::string_view bytes, std::string_view sqlstate);

}  // namespace pgsidecar::wire
