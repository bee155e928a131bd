// What the client sees when something goes wrong, and that the books are right afterwards.
#include <condition_variable>
#include <mutex>

#include "unit/wire/front_fixture.h"

namespace pgsidecar::wire {
namespace {

using std::chrono::milliseconds;

class FailureTest : public FrontTest {
 protected:
  std::string Upstream() const {
    return "127.0.0.1:" + std::to_string(options_.upstream.hosts[0].port);
  }
};

TEST_F(FailureTest, SaysWhyThereIsNoServerAndThenFailsAtOnce) {
  options_.upstream.hosts[0].port = 1;  // Nobody listens on tcpmux.
  StartFront({ServeQueries});
  for (int i = 0; i < 3; ++i) {
    Peer client = Client();
    client.Send(Startup());
    EXPECT_EQ(FatalText(client.ReceiveAll(), "08001"),
              "pgsidecar: cannot connect to PostgreSQL at 127.0.0.1:1: connection refused");
  }
  ExpectMetric("pgsidecar_client_connections_rejected_total{reason=\"upstream_down\"}", 3);
  ExpectMetric("pgsidecar_upstream_up{upstream=\"127.0.0.1:1\"}", 0);
  EXPECT_FALSE(front_->health().upstream_reached);
}

TEST_F(FailureTest, ServerThatClosesWhileAReplyIsOwed) {
  StartFront({[](Peer& peer) {
    ServeLogin(peer);
    ReceiveMessage(peer);
  }});
  Peer client = LoggedIn();
  client.Send(Query("SELECT 1"));
  EXPECT_EQ(FatalText(client.ReceiveAll(), "08006"),
            "pgsidecar: PostgreSQL at " + Upstream() + " closed the connection unexpectedly");
  ExpectMetric(
      "pgsidecar_query_errors_total{datname=\"d\",command=\"SELECT\",error_class=\"connection\"}",
      1);
  ExpectMetric("pgsidecar_client_sessions_closed_total{reason=\"server_lost\"}", 1);
  ExpectMetric("pgsidecar_queries_in_flight{datname=\"d\"}", 0);
  ExpectMetric("pgsidecar_upstream_up{upstream=\"" + Upstream() + "\"}", 1);
}

TEST_F(FailureTest, NoErrorOfOursInTheMiddleOfAMessage) {
  const std::string cut = OneRow().substr(0, OneRow().size() - 9);
  StartFront({[&](Peer& peer) {
    ServeLogin(peer);
    ReceiveMessage(peer);
    peer.Send(cut);
  }});
  Peer client = LoggedIn();
  client.Send(Query("SELECT 1"));
  EXPECT_EQ(client.ReceiveAll(), cut);
  ExpectMetric("pgsidecar_client_sessions_closed_total{reason=\"server_lost\"}", 1);
  StopAll();
}

TEST_F(FailureTest, NoErrorOfOursAfterAFatalOne) {
  const std::string fatal = ErrorMessage("FATAL", "57P01");
  StartFront({[&](Peer& peer) {
    ServeLogin(peer);
    ReceiveMessage(peer);
    peer.Send(fatal);
  }});
  Peer client = LoggedIn();
  client.Send(Query("SELECT 1"));
  EXPECT_EQ(client.ReceiveAll(), fatal);
  client.Close();
  ExpectMetric("pgsidecar_query_sqlstate_errors_total{datname=\"d\",sqlstate=\"57P01\"}", 1);
  StopAll();
}

TEST_F(FailureTest, FatalWhileIdleIsTheSessionsAndNoStatement) {
  const std::string fatal = ErrorMessage("FATAL", "57P05");
  StartFront({[&](Peer& peer) {
    ServeLogin(peer);
    peer.Send(fatal);
  }});
  Peer client = LoggedIn();
  EXPECT_EQ(client.ReceiveAll(), fatal);
  client.Close();
  ExpectMetric("pgsidecar_client_idle_errors_total{sqlstate=\"57P05\"}", 1);
  ExpectMetric("pgsidecar_client_sessions_closed_total{reason=\"server\"}", 1);
  ExpectMetric("pgsidecar_client_connections{datname=\"d\",state=\"idle\"}", 0);
  StopAll();
}

TEST_F(FailureTest, ServerThatClosesDuringTheLogin) {
  StartFront({[](Peer& peer) { peer.Receive(Startup().size()); }});
  Peer client = Client();
  client.Send(Startup());
  FatalText(client.ReceiveAll(), "08006");
  ExpectMetric("pgsidecar_client_sessions_closed_total{reason=\"login_failed\"}", 1);
  ExpectMetric("pgsidecar_client_handshakes_in_progress", 0);
  StopAll();
}

/// A server whose statement runs until its cancel request came, whatever its client does, as in
/// PostgreSQL.
class CancelledServer {
 public:
  std::vector<ScriptedServer::Script> Scripts() {
    return {[this](Peer& peer) {
              ServeLogin(peer);
              ReceiveMessage(peer);
              std::unique_lock lock(mutex_);
              came_.wait_for(lock, std::chrono::seconds(10), [this] { return !request_.empty(); });
            },
            [this](Peer& peer) {
              const std::string request = peer.Receive(Cancel(kBackendKey).size());
              const std::lock_guard lock(mutex_);
              request_ = request;
              came_.notify_all();
            }};
  }
  const std::string& request() const { return request_; }  ///< After the server ended.

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::string request_;  // guarded by mutex_
};

TEST_F(FailureTest, ClientThatVanishesCancelsItsStatement) {
  CancelledServer server;
  StartFront(server.Scripts());
  Peer client = LoggedIn();
  client.Send(Query("SELECT pg_sleep(1000)"));
  ExpectMetric("pgsidecar_queries_in_flight{datname=\"d\"}", 1);
  client.Reset();
  ExpectMetric("pgsidecar_queries_abandoned_total{datname=\"d\"}", 1);
  ExpectMetric("pgsidecar_client_sessions_closed_total{reason=\"client_lost\"}", 1);
  StopAll();
  EXPECT_EQ(server.request(), Cancel(kBackendKey));
  EXPECT_EQ(Metric("pgsidecar_cancel_requests_total"), 0) << "it was our own";
}

TEST_F(FailureTest, ClientThatHalfClosesHasTwoSecondsForItsStatement) {
  CancelledServer server;
  StartFront(server.Scripts());
  Peer client = LoggedIn();
  client.Send(Query("SELECT pg_sleep(1000)"));
  client.HalfClose();
  EXPECT_EQ(client.ReceiveAll(), "");
  ExpectMetric("pgsidecar_client_sessions_closed_total{reason=\"client_lost\"}", 1);
  StopAll();
  EXPECT_EQ(server.request(), Cancel(kBackendKey));
}

TEST_F(FailureTest, CancelOnDisconnectCanBeOff) {
  options_.cancel_on_disconnect = false;
  bool closed = false;
  StartFront({[&](Peer& peer) {
                ServeLogin(peer);
                ReceiveMessage(peer);
                peer.ReceiveAll();
                closed = true;
              },
              [](Peer&) { ADD_FAILURE() << "no cancel was asked for"; }});
  Peer client = LoggedIn();
  client.Send(Query("SELECT pg_sleep(1000)"));
  ExpectMetric("pgsidecar_queries_in_flight{datname=\"d\"}", 1);
  client.Reset();
  ExpectMetric("pgsidecar_queries_abandoned_total{datname=\"d\"}", 1);
  StopAll();
  EXPECT_TRUE(closed);
}

TEST_F(FailureTest, ClosesAConnectionThatTakesNothingForTooLong) {
  options_.write_stall_timeout = milliseconds(300);
  const std::string block(1 << 20, 'x');
  StartFront({[&](Peer& peer) {
    ServeLogin(peer);
    ReceiveMessage(peer);
    for (int i = 0; i < 32; ++i) peer.Send(Message('d', block));
  }});
  Peer client = LoggedIn();
  client.Send(Query("COPY t TO STDOUT"));
  ExpectMetric("pgsidecar_client_sessions_closed_total{reason=\"write_stall\"}", 1);
  ExpectMetric("pgsidecar_relay_buffered_bytes", 0);
  StopAll();
}

}  // namespace
}  // namespace pgsidecar::wire
