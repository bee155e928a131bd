// The established session: bytes, counts, back-pressure, half-close.
#include <algorithm>

#include "unit/wire/front_fixture.h"

namespace pgsidecar::wire {
namespace {

using std::chrono::milliseconds;

class RelayTest : public FrontTest {};

TEST_F(RelayTest, CountsWhatTheClientCounted) {
  StartFront({ServeQueries});
  Peer client = LoggedIn();
  for (int i = 0; i < 50; ++i) {
    client.Send(Query("SELECT 1"));
    EXPECT_EQ(client.Receive(OneRow().size()), OneRow());
  }
  client.Send(Message('X', ""));
  EXPECT_EQ(client.ReceiveAll(), "");
  client.Close();
  ExpectMetric("pgsidecar_query_successes_total{datname=\"d\",command=\"SELECT\"}", 50);
  ExpectMetric("pgsidecar_client_sessions_closed_total{reason=\"client\"}", 1);
  ExpectMetric("pgsidecar_client_connections{datname=\"d\",state=\"idle\"}", 0);
  ExpectMetric("pgsidecar_upstream_connections{upstream=\"127.0.0.1:" +
                   std::to_string(server_->port()) + "\",state=\"ready\"}",
               0);
  const auto sent = static_cast<double>(LoginAnswer().size() + 50 * OneRow().size());
  ExpectMetric("pgsidecar_client_sent_bytes_total", sent);
  ExpectMetric("pgsidecar_upstream_received_bytes_total", sent);
}

TEST_F(RelayTest, GaugesShowTheSession) {
  StartFront({[](Peer& peer) {
    ServeLogin(peer);
    ReceiveMessage(peer);
    peer.ReceiveAll();
  }});
  Peer client = LoggedIn();
  ExpectMetric("pgsidecar_client_connections{datname=\"d\",state=\"idle\"}", 1);
  client.Send(Query("SELECT 1"));
  ExpectMetric("pgsidecar_client_connections{datname=\"d\",state=\"active\"}", 1);
  ExpectMetric("pgsidecar_queries_in_flight{datname=\"d\"}", 1);
  EXPECT_GT(Metric("pgsidecar_oldest_running_query_start_timestamp_seconds{datname=\"d\"}"), 1e9);
  client.Reset();
  ExpectMetric("pgsidecar_queries_abandoned_total{datname=\"d\"}", 1);
  ExpectMetric("pgsidecar_queries_in_flight{datname=\"d\"}", 0);
  ExpectMetric("pgsidecar_client_connections{datname=\"d\",state=\"active\"}", 0);
  ExpectMetric("pgsidecar_oldest_running_query_start_timestamp_seconds{datname=\"d\"}", 0);
}

TEST_F(RelayTest, SlowReaderGetsEverythingInOrder) {
  const std::string row = Message('D', std::string("\0\1\0\0\x40\0", 6) + std::string(16384, 'r'));
  constexpr int kRows = 2000;  // 32 MB, more than all socket buffers take.
  StartFront({[&](Peer& peer) {
    ServeLogin(peer);
    ReceiveMessage(peer);
    for (int i = 0; i < kRows; ++i) peer.Send(row);
    peer.Send(Message('C', std::string("SELECT 2000\0", 12)) + Message('Z', "I"));
    peer.ReceiveAll();
  }});
  Peer client = LoggedIn();
  client.Send(Query("SELECT r FROM t"));
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_GT(Metric("pgsidecar_relay_buffered_bytes"), 0);
  EXPECT_LE(Metric("pgsidecar_relay_buffered_bytes"), 65536);
  for (int i = 0; i < kRows; ++i) ASSERT_EQ(client.Receive(row.size()), row) << i;
  client.Receive(5 + 12 + 6);
  ExpectMetric("pgsidecar_rows_returned_total{datname=\"d\"}", kRows);
  ExpectMetric("pgsidecar_relay_buffered_bytes", 0);
  EXPECT_GT(Metric("pgsidecar_query_client_stall_seconds_total{datname=\"d\"}"), 0.1);
  StopAll();
}

TEST_F(RelayTest, HalfCloseOfTheClientPassesOnAndTheRestArrives) {
  StartFront({[](Peer& peer) {
    ServeLogin(peer);
    EXPECT_EQ(peer.ReceiveAll(), Query("SELECT 1"));  // Up to our FIN.
    peer.Send(OneRow());
  }});
  Peer client = LoggedIn();
  client.Send(Query("SELECT 1"));
  client.HalfClose();
  EXPECT_EQ(client.ReceiveAll(), OneRow());
  client.Close();
  ExpectMetric("pgsidecar_query_successes_total{datname=\"d\",command=\"SELECT\"}", 1);
  ExpectMetric("pgsidecar_client_sessions_closed_total{reason=\"client\"}", 1);
}

TEST_F(RelayTest, UnknownMessagesAreRelayedUnread) {
  const std::string strange = Message('?', "what is this");
  StartFront({[&](Peer& peer) {
    ServeLogin(peer);
    peer.Receive(strange.size());
    peer.Send(strange + strange);
    peer.ReceiveAll();
  }});
  Peer client = LoggedIn();
  client.Send(strange);
  EXPECT_EQ(client.Receive(2 * strange.size()), strange + strange);
  ExpectMetric("pgsidecar_opaque_sessions_total{reason=\"unknown_message\"}", 1);
  ExpectMetric("pgsidecar_client_connections{datname=\"d\",state=\"opaque\"}", 1);
  StopAll();
}

TEST_F(RelayTest, ObservationMemoryHasABound) {
  options_.observe_memory_bytes = 1;
  StartFront({[](Peer& peer) {
    ServeLogin(peer);
    peer.ReceiveAll();
  }});
  Peer client = LoggedIn();
  for (int i = 0; i < 500; ++i) client.Send(Query("SELECT 1"));
  ExpectMetric("pgsidecar_opaque_sessions_total{reason=\"observe_memory\"}", 1);
  ExpectMetric("pgsidecar_queries_abandoned_total{datname=\"d\"}", 500);
}

TEST_F(RelayTest, ManyClientsAtOnce) {
  StartFront({ServeQueries});
  std::vector<std::thread> clients;
  for (int c = 0; c < 16; ++c) {
    clients.emplace_back([this] {
      Peer client = LoggedIn();
      for (int i = 0; i < 100; ++i) {
        client.Send(Query("SELECT 1") + Query("SELECT 2"));
        EXPECT_EQ(client.Receive(2 * OneRow().size()), OneRow() + OneRow());
      }
    });
  }
  for (std::thread& client : clients) client.join();
  ExpectMetric("pgsidecar_query_successes_total{datname=\"d\",command=\"SELECT\"}", 3200);
  ExpectMetric("pgsidecar_client_sessions_closed_total{reason=\"client\"}", 16);
  StopAll();
}

}  // namespace
}  // namespace pgsidecar::wire
