// Cancel requests of clients.
#include <future>

#include "unit/wire/front_fixture.h"

namespace pgsidecar::wire {
namespace {

using std::chrono::milliseconds;

class CancelTest : public FrontTest {};

TEST_F(CancelTest, ClientIsClosedAfterTheServerClosed) {
  const std::string request = Cancel(kBackendKey);
  std::promise<void> arrived;
  std::promise<void> may_close;
  StartFront({[&](Peer& peer) {
    EXPECT_EQ(peer.Receive(request.size()), request);
    arrived.set_value();
    may_close.get_future().wait();
  }});
  Peer client = Client();
  client.Send(request);
  arrived.get_future().wait();
  EXPECT_TRUE(client.Silent()) << "not before the server is done";
  may_close.set_value();
  EXPECT_EQ(client.ReceiveAll(), "");
  ExpectMetric("pgsidecar_cancel_requests_total", 1);
  ExpectMetric("pgsidecar_client_handshakes_in_progress", 0);
  StopAll();
}

TEST_F(CancelTest, KeysOfAllLengthsArriveUnchanged) {
  std::vector<ScriptedServer::Script> scripts;
  std::vector<std::string> requests;
  for (const std::size_t secret : {4U, 32U, 256U}) {
    requests.push_back(Cancel(std::string(4 + secret, 'k')));
    scripts.emplace_back([request = requests.back()](Peer& peer) {
      EXPECT_EQ(peer.Receive(request.size()), request);
    });
  }
  StartFront(scripts);
  for (const std::string& request : requests) {
    Peer client = Client();
    client.Send(request);
    EXPECT_EQ(client.ReceiveAll(), "");
  }
  for (const std::size_t secret : {3U, 257U}) {
    Peer client = Client();
    client.Send(Cancel(std::string(4 + secret, 'k')));
    FatalText(client.ReceiveAll(), "08P01");
  }
  ExpectMetric("pgsidecar_cancel_requests_total", 3);
}

TEST_F(CancelTest, WorksAtTheLimitOfClients) {
  options_.max_clients = 1;
  std::string got;
  StartFront({ServeQueries, [&](Peer& peer) { got = peer.Receive(Cancel(kBackendKey).size()); }});
  Peer session = Client();
  session.Send(Startup());
  session.Receive(LoginAnswer().size());
  Peer client = Client();
  client.Send(Cancel(kBackendKey));
  EXPECT_EQ(client.ReceiveAll(), "");
  StopAll();
  EXPECT_EQ(got, Cancel(kBackendKey));
}

TEST_F(CancelTest, CountsWhatDidNotArrive) {
  options_.upstream.hosts[0].port = 1;
  StartFront({ServeQueries});
  Peer client = Client();
  client.Send(Cancel(kBackendKey));
  EXPECT_EQ(client.ReceiveAll(), "");
  ExpectMetric("pgsidecar_cancel_request_failures_total{reason=\"connect\"}", 1);
}

}  // namespace
}  // namespace pgsidecar::wire
