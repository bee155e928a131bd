// What a client may say first, and what it gets for it.
#include "unit/wire/front_fixture.h"

namespace pgsidecar::wire {
namespace {

using std::chrono::milliseconds;

class StartupTest : public FrontTest {};

constexpr char kBadStartup[] =
    "pgsidecar_client_connections_rejected_total{reason=\"bad_startup\"}";

TEST_F(StartupTest, ForwardsTheStartupMessageByteForByteHoweverItIsCut) {
  const std::string startup = Startup("alice", "shop");
  std::vector<ScriptedServer::Script> scripts;
  for (std::size_t split = 1; split < startup.size(); ++split) {
    scripts.emplace_back([&startup](Peer& peer) { EXPECT_EQ(ServeLogin(peer), startup); });
  }
  StartFront(scripts);
  for (std::size_t split = 1; split < startup.size(); ++split) {
    Peer client = Client();
    client.Send(startup.substr(0, split));
    if (split % 8 == 1) std::this_thread::sleep_for(milliseconds(2));
    client.Send(startup.substr(split));
    EXPECT_EQ(client.Receive(LoginAnswer().size()), LoginAnswer()) << split;
  }
  StopAll();
}

TEST_F(StartupTest, DeclinesEachEncryptionOnce) {
  StartFront({ServeQueries});
  Peer client = Client();
  client.Send(GssencRequest());
  EXPECT_EQ(client.Receive(1), "N");
  client.Send(SslRequest());
  EXPECT_EQ(client.Receive(1), "N");
  client.Send(Startup());
  EXPECT_EQ(client.Receive(LoginAnswer().size()), LoginAnswer());

  Peer twice = Client();
  twice.Send(SslRequest());
  EXPECT_EQ(twice.Receive(1), "N");
  twice.Send(SslRequest());
  FatalText(twice.ReceiveAll(), "08P01");
  ExpectMetric(kBadStartup, 1);
}

TEST_F(StartupTest, RefusesBytesBehindAnEncryptionRequest) {
  StartFront({[](Peer&) { ADD_FAILURE() << "nothing may be forwarded"; }});
  for (const std::string& request : {SslRequest(), GssencRequest()}) {
    Peer client = Client();
    client.Send(request + Startup());
    FatalText(client.ReceiveAll(), "08P01");
  }
  ExpectMetric(kBadStartup, 2);
  ExpectMetric("pgsidecar_protocol_errors_total{side=\"client\"}", 2);
}

TEST_F(StartupTest, RefusesImpossibleLengths) {
  StartFront({ServeQueries});
  for (const char* head :
       {"\0\0\0\0", "\0\0\0\3", "\0\0\x27\x11", "\x7f\xff\xff\xff", "\xff\xff\xff\xff"}) {
    Peer client = Client();
    client.Send(std::string_view(head, 4));
    FatalText(client.ReceiveAll(), "08P01");
  }
  ExpectMetric(kBadStartup, 5);
}

TEST_F(StartupTest, ClosesOnTlsWithoutAWord) {
  StartFront({ServeQueries});
  Peer client = Client();
  client.Send("\x16\x03\x01\x02");
  EXPECT_EQ(client.ReceiveAll(), "");
  ExpectMetric(kBadStartup, 1);
}

TEST_F(StartupTest, ClosesSilentClientsAtTheLoginDeadline) {
  options_.login_timeout = milliseconds(200);
  StartFront({[](Peer& peer) { peer.ReceiveAll(); }});
  Peer silent = Client();
  silent.Send(SslRequest());
  EXPECT_EQ(silent.Receive(1), "N");
  Peer waiting = Client();
  waiting.Send(Startup());
  EXPECT_EQ(FatalText(silent.ReceiveAll(), "57014"), "pgsidecar: the login took longer than 200ms");
  FatalText(waiting.ReceiveAll(), "57014");
  ExpectMetric("pgsidecar_client_connections_rejected_total{reason=\"handshake_timeout\"}", 2);
  ExpectMetric("pgsidecar_client_handshakes_in_progress", 0);
}

TEST_F(StartupTest, RefusesClientsAboveTheLimit) {
  options_.max_clients = 1;
  StartFront({ServeQueries});
  Peer first = Client();
  first.Send(Startup());
  first.Receive(LoginAnswer().size());
  Peer second = Client();
  second.Send(Startup());
  EXPECT_EQ(FatalText(second.ReceiveAll(), "53300"),
            "pgsidecar: too many client connections, the limit is 1");
  first.Close();
  ExpectMetric("pgsidecar_client_sessions_closed_total{reason=\"client\"}", 1);
  Peer third = Client();
  third.Send(Startup());
  EXPECT_EQ(third.Receive(LoginAnswer().size()), LoginAnswer());
}

TEST_F(StartupTest, BoundsClientsThatSayNothing) {
  options_.max_prelude = 2;
  StartFront({ServeQueries});
  Peer one = Client();
  Peer two = Client();
  ExpectMetric("pgsidecar_client_handshakes_in_progress", 2);
  Peer three = Client();
  EXPECT_EQ(three.ReceiveAll(), "");
  ExpectMetric("pgsidecar_client_connections_rejected_total{reason=\"limit\"}", 1);
}

TEST_F(StartupTest, HoldsEverythingButPasswordsUntilTheLoginIsDone) {
  const std::string password = Message('p', std::string("secret\0", 7));
  const std::string ask = Message('R', std::string("\0\0\0\3", 4));
  StartFront({[&](Peer& peer) {
    peer.Receive(Startup().size());
    peer.Send(ask);
    EXPECT_EQ(peer.Receive(password.size()), password);
    EXPECT_TRUE(peer.Silent());
    peer.Send(LoginAnswer());
    EXPECT_EQ(peer.Receive(Query("SELECT 1").size()), Query("SELECT 1"));
    peer.Send(OneRow());
    peer.ReceiveAll();
  }});
  Peer client = Client();
  client.Send(Startup() + password + Query("SELECT 1"));
  const std::string expected = ask + LoginAnswer() + OneRow();
  EXPECT_EQ(client.Receive(expected.size()), expected);
  ExpectMetric("pgsidecar_query_successes_total{datname=\"d\",command=\"SELECT\"}", 1);
  StopAll();
}

TEST_F(StartupTest, UnknownMajorVersionIsRelayedUnread) {
  StartFront({[](Peer& peer) {
    peer.Receive(Startup("u", "d", 4U << 16).size() + 5);
    peer.Send("whatever");
  }});
  Peer client = Client();
  client.Send(Startup("u", "d", 4U << 16) + "hello");
  EXPECT_EQ(client.ReceiveAll(), "whatever");
  ExpectMetric("pgsidecar_opaque_sessions_total{reason=\"protocol_major\"}", 1);
}

TEST_F(StartupTest, FailedLoginMakesNoSeriesForItsDatabase) {
  const std::string error = ErrorMessage("FATAL", "3D000");
  // PostgreSQL says AuthenticationOk before it looks for the database.
  const std::string answer = Message('R', std::string(4, '\0')) + error;
  StartFront({[&](Peer& peer) {
    peer.Receive(Startup("u", "nosuch").size());
    peer.Send(answer);
  }});
  Peer client = Client();
  client.Send(Startup("u", "nosuch"));
  EXPECT_EQ(client.ReceiveAll(), answer);
  client.Close();
  ExpectMetric("pgsidecar_client_login_failures_total{sqlstate=\"3D000\"}", 1);
  ExpectMetric("pgsidecar_client_sessions_closed_total{reason=\"login_failed\"}", 1);
  EXPECT_EQ(metrics::Expose(*registry_, "", "").body.find("nosuch"), std::string::npos);
  StopAll();
}

TEST_F(StartupTest, LoginThatCannotBeReadFailsClosed) {
  StartFront({[](Peer& peer) {
    peer.Receive(Startup().size());
    peer.Send(std::string("Q\0\0\0\4", 5));
    peer.ReceiveAll();
  }});
  Peer client = Client();
  client.Send(Startup());
  FatalText(client.ReceiveAll(), "08P01");
  ExpectMetric("pgsidecar_protocol_errors_total{side=\"upstream\"}", 1);
}

TEST_F(StartupTest, OversizedPasswordFailsClosed) {
  StartFront({[](Peer& peer) {
    peer.Receive(Startup().size());
    peer.Send(Message('R', std::string("\0\0\0\3", 4)));
    peer.ReceiveAll();
  }});
  Peer client = Client();
  client.Send(Startup());
  client.Receive(9);
  client.Send(std::string("p\x7f\xff\xff\xff", 5));
  FatalText(client.ReceiveAll(), "08P01");
  ExpectMetric("pgsidecar_protocol_errors_total{side=\"client\"}", 1);
}

}  // namespace
}  // namespace pgsidecar::wire
