// Several servers, the request for TLS, pass-through, several loops, reload.
#include <atomic>

#include "unit/wire/front_fixture.h"

namespace pgsidecar::wire {
namespace {

UpstreamHost At(std::uint16_t port) {
  UpstreamHost host;
  host.port = port;
  return host;
}

class UpstreamTest : public FrontTest {
 protected:
  std::string Server() const { return "127.0.0.1:" + std::to_string(server_->port()); }

  /// A second server, that all names of this test may use.
  ScriptedServer& Second(ScriptedServer::Script script) {
    second_ = std::make_unique<ScriptedServer>(std::vector<ScriptedServer::Script>{script});
    return *second_;
  }

  void TearDown() override {
    StopAll();
    second_.reset();
  }

  std::unique_ptr<ScriptedServer> second_;
};

std::string ParameterStatus(std::string_view name, std::string_view value) {
  std::string body(name);
  body += '\0';
  body.append(value) += '\0';
  return Message('S', body);
}

/// Logs a client in as a server of that role does.
ScriptedServer::Script ServeRole(std::string_view in_hot_standby) {
  return [in_hot_standby](Peer& peer) {
    const std::string role = ParameterStatus("in_hot_standby", in_hot_standby) +
                             ParameterStatus("default_transaction_read_only", "off");
    const std::string head = peer.Receive(Startup().size());
    std::string answer = LoginAnswer();
    answer.insert(answer.size() - Message('Z', "I").size(), role);
    peer.Send(answer);
    peer.ReceiveAll();
  };
}

TEST_F(UpstreamTest, TheNextServerIsTriedWhenOneDoesNotAnswer) {
  ScriptedServer& second = Second(ServeQueries);
  options_.upstream.hosts = {At(1), At(second.port())};
  StartFront({ServeQueries});
  for (int i = 0; i < 5; ++i) {
    Peer client = LoggedIn();
    client.Send(Query("SELECT 1"));
    EXPECT_EQ(client.Receive(OneRow().size()), OneRow());
  }
  ExpectMetric("pgsidecar_upstream_up{upstream=\"127.0.0.1:1\"}", 0);
  // The second session went to the server that had answered before: one session and the first
  // probe at most have asked the other one.
  EXPECT_LE(Metric("pgsidecar_upstream_connect_errors_total{upstream=\"127.0.0.1:1\","
                   "reason=\"refused\"}"),
            2);
}

TEST_F(UpstreamTest, AllReasonsAreToldWhenNoServerAnswers) {
  options_.upstream.hosts = {At(1), At(2)};
  StartFront({ServeQueries});
  for (int i = 0; i < 2; ++i) {
    Peer client = Client();
    client.Send(Startup());
    EXPECT_EQ(FatalText(client.ReceiveAll(), "08001"),
              "pgsidecar: cannot connect to PostgreSQL at 127.0.0.1:1: connection refused; "
              "127.0.0.1:2: connection refused");
  }
}

TEST_F(UpstreamTest, AServerOfTheWrongRoleIsLeftAndTheRetryGoesToTheRightOne) {
  ScriptedServer& second = Second(ServeRole("off"));
  options_.upstream.hosts = {UpstreamHost(), At(second.port())};
  options_.upstream.target_session_attrs = TargetSession::kPrimary;
  StartFront({ServeRole("on")});
  Peer first = Client();
  first.Send(Startup());
  EXPECT_EQ(FatalText(first.ReceiveAll(), "57P03"),
            "pgsidecar: PostgreSQL at " + Server() +
                " is not what target_session_attrs=primary asks for; connect again");
  Peer retry = Client();
  retry.Send(Startup());
  const std::string answer = retry.Receive(LoginAnswer().size());
  EXPECT_EQ(answer.front(), 'R');
  ExpectMetric("pgsidecar_upstream_is_primary{upstream=\"" + Server() + "\"}", 0);
  ExpectMetric(
      "pgsidecar_upstream_is_primary{upstream=\"127.0.0.1:" + std::to_string(second.port()) + "\"}",
      1);
  ExpectMetric(
      "pgsidecar_upstream_connect_errors_total{upstream=\"" + Server() + "\",reason=\"role\"}", 1);
}

TEST_F(UpstreamTest, AServerThatDoesNotTellItsRoleIsNotTrusted) {
  options_.upstream.target_session_attrs = TargetSession::kStandby;
  StartFront({ServeQueries});
  Peer client = Client();
  client.Send(Startup());
  EXPECT_EQ(FatalText(client.ReceiveAll(), "57P03"),
            "pgsidecar: PostgreSQL at " + Server() +
                " does not say whether it is what target_session_attrs=standby asks for; connect "
                "again");
}

TEST_F(UpstreamTest, PreferGoesOnInPlaintextWhenTheServerDeclines) {
  sslmode_ = SslMode::kPrefer;
  StartFront({[](Peer& peer) {
    EXPECT_EQ(peer.Receive(8), SslRequest());
    peer.Send("N");
    ServeQueries(peer);
  }});
  Peer client = LoggedIn();
  client.Send(Query("SELECT 1"));
  EXPECT_EQ(client.Receive(OneRow().size()), OneRow());
}

TEST_F(UpstreamTest, OddAnswersToTheRequestForTlsEndTheAttemptAndReachNobody) {
  const struct {
    SslMode mode;
    std::string answer, reason;
  } cases[] = {
      {SslMode::kRequire, "N", "the server does not support TLS, but sslmode asks for it"},
      {SslMode::kPrefer, "S" + ErrorMessage("FATAL", "28000"),
       "unexpected bytes behind the answer to SSLRequest"},
      {SslMode::kPrefer, "NN", "unexpected bytes behind the answer to SSLRequest"},
      {SslMode::kPrefer, "E", "the server did not answer SSLRequest with S or N"},
      {SslMode::kPrefer, ErrorMessage("FATAL", "28000"),
       "unexpected bytes behind the answer to SSLRequest"},
      {SslMode::kPrefer, "", "the server closed the connection on SSLRequest"},
  };
  for (const auto& c : cases) {
    sslmode_ = c.mode;
    options_.upstream.hosts = {UpstreamHost()};
    StartFront({[&](Peer& peer) {
      EXPECT_EQ(peer.Receive(8), SslRequest());
      peer.Send(c.answer);
      if (c.answer.empty()) return;
      const std::string behind = peer.ReceiveAll();
      EXPECT_TRUE(behind.empty() || behind == "<reset>") << behind;
    }});
    Peer client = Client();
    client.Send(Startup());
    EXPECT_EQ(FatalText(client.ReceiveAll(), "08001"),
              "pgsidecar: cannot connect to PostgreSQL at " + Server() + ": " + c.reason);
    // The first probe may have met the same.
    EXPECT_GE(Metric("pgsidecar_upstream_connect_errors_total{upstream=\"" + Server() +
                     "\",reason=\"tls\"}"),
              1);
    StopAll();
  }
}

TEST_F(UpstreamTest, PassThroughRelaysWhateverItIs) {
  options_.pass_through_listen = {"127.0.0.1:0"};
  sslmode_ = SslMode::kRequire;  // Not ours to negotiate.
  StartFront({[](Peer& peer) {
    EXPECT_EQ(peer.Receive(8), SslRequest());
    peer.Send("S");
    const std::string behind = peer.Receive(5);
    if (behind.starts_with('\x16')) {
      // The first probe, which does negotiate. If it failed, clients would be refused for a second.
      peer.ReceiveAll();
      return;
    }
    EXPECT_EQ(behind, "hello");
    peer.Send("world");
  }});
  const std::string address = front_->addresses().back();
  Peer client =
      Peer::Connect(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  client.Send(SslRequest());
  EXPECT_EQ(client.Receive(1), "S");
  client.Send("hello");
  EXPECT_EQ(client.ReceiveAll(), "world");
  client.Close();
  ExpectMetric("pgsidecar_client_session_duration_seconds_count{class=\"pass_through\"}", 1);
  EXPECT_EQ(Metric("pgsidecar_opaque_sessions_total{reason=\"protocol_major\"}"), 0);
}

TEST_F(UpstreamTest, CancelGoesToTheServerOfItsSession) {
  std::string got;
  const std::string request = Cancel(kBackendKey);
  std::atomic<int> connections = 0;
  ScriptedServer& second = Second([&](Peer& peer) {
    if (connections++ == 0) return ServeQueries(peer);
    got = peer.Receive(request.size());
  });
  options_.upstream.hosts = {At(1), At(second.port())};
  StartFront({ServeQueries});
  Peer session = LoggedIn();
  Peer client = Client();
  client.Send(request);
  EXPECT_EQ(client.ReceiveAll(), "");
  StopAll();
  second_.reset();
  EXPECT_EQ(got, request);
}

TEST_F(UpstreamTest, LoopsShareTheSessionsAndTheLimit) {
  options_.threads = 3;
  options_.max_clients = 30;
  StartFront({ServeQueries});
  std::vector<Peer> clients;
  for (int i = 0; i < 30; ++i) clients.push_back(LoggedIn());
  for (Peer& client : clients) client.Send(Query("SELECT 1"));
  for (Peer& client : clients) EXPECT_EQ(client.Receive(OneRow().size()), OneRow());
  Peer refused = Client();
  refused.Send(Startup());
  FatalText(refused.ReceiveAll(), "53300");
  ExpectMetric("pgsidecar_query_duration_seconds_count{datname=\"d\",command=\"SELECT\"}", 30);
  for (const char* loop : {"0", "1", "2"}) {
    EXPECT_GE(Metric("pgsidecar_loop_busy_seconds_total{loop=\"" + std::string(loop) + "\"}"), 0);
  }
}

TEST_F(UpstreamTest, ADrainOfSeveralLoopsWaitsForTheLastSession) {
  options_.threads = 2;
  options_.drain_accept_for = std::chrono::seconds(0);
  StartFront({ServeQueries});
  Peer one = LoggedIn();
  Peer other = LoggedIn();
  front_->Drain();
  one.Send(Message('X', ""));
  EXPECT_EQ(one.ReceiveAll(), "");
  one.Close();
  other.Send(Query("SELECT 1"));
  EXPECT_EQ(other.Receive(OneRow().size()), OneRow());
  other.Send(Message('X', ""));
  EXPECT_EQ(other.ReceiveAll(), "");
  other.Close();
  front_->Join();
}

TEST_F(UpstreamTest, AfterAReloadNewSessionsUseTheNewSettingsAndOpenOnesKeepTheirs) {
  ScriptedServer& second = Second(ServeQueries);
  StartFront({ServeQueries});
  const std::string former = Server();
  Peer open = LoggedIn();
  WireOptions changed = options_;
  changed.upstream.hosts = {At(second.port())};
  changed.max_clients = 2;
  ASSERT_TRUE(front_->Reload(changed).ok());
  ExpectMetric("pgsidecar_client_connections_max", 2);
  Peer later = LoggedIn();
  for (Peer* each : {&open, &later}) {
    each->Send(Query("SELECT 1"));
    EXPECT_EQ(each->Receive(OneRow().size()), OneRow());
  }
  ExpectMetric("pgsidecar_upstream_connections{upstream=\"" + former + "\",state=\"ready\"}", 1);
  ExpectMetric("pgsidecar_upstream_failovers_total", 1);
  Peer refused = Client();
  refused.Send(Startup());
  FatalText(refused.ReceiveAll(), "53300");
  open.Close();
  ExpectMetric("pgsidecar_upstream_up{upstream=\"" + former + "\"}", -1);
}

TEST_F(UpstreamTest, AReloadWithAMissingCertificateChangesNothing) {
  StartFront({ServeQueries});
  WireOptions changed = options_;
  changed.max_clients = 1;
  changed.tls.mode = ClientTlsMode::kAllow;
  changed.tls.cert_file = changed.tls.key_file = "/nowhere";
  const Status reloaded = front_->Reload(changed);
  ASSERT_FALSE(reloaded.ok());
  EXPECT_NE(reloaded.error().message.find("/nowhere"), std::string::npos);
  EXPECT_EQ(Metric("pgsidecar_client_connections_max"), 1000);
  EXPECT_FALSE(WireFront::Check(changed).ok());
}

}  // namespace
}  // namespace pgsidecar::wire
