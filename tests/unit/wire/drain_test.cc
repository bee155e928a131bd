// The end of the process: who is served for how long, and what the others are told.
#include <condition_variable>
#include <mutex>

#include "unit/wire/front_fixture.h"

namespace pgsidecar::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class DrainTest : public FrontTest {};

TEST_F(DrainTest, ServesNewSessionsFirstThenRefusesThem) {
  options_.drain_accept_for = milliseconds(400);
  StartFront({ServeQueries});
  Peer open = LoggedIn();
  front_->Drain();
  EXPECT_TRUE(front_->health().draining);
  Peer early = LoggedIn();
  std::this_thread::sleep_for(milliseconds(500));
  Peer late = Client();
  late.Send(Startup());
  FatalText(late.ReceiveAll(), "57P03");
  open.Send(Query("SELECT 1"));
  EXPECT_EQ(open.Receive(OneRow().size()), OneRow()) << "open sessions go on";
  open.Close();
  early.Close();
  front_->Join();
  EXPECT_EQ(Metric("pgsidecar_client_connections_rejected_total{reason=\"draining\"}"), 1);
}

TEST_F(DrainTest, CancelRequestsStillWork) {
  options_.drain_accept_for = milliseconds(0);
  std::string got;
  StartFront({ServeQueries, [&](Peer& peer) { got = peer.Receive(Cancel(kBackendKey).size()); }});
  Peer open = LoggedIn();
  front_->Drain();
  std::this_thread::sleep_for(milliseconds(50));
  Peer cancel = Client();
  cancel.Send(Cancel(kBackendKey));
  EXPECT_EQ(cancel.ReceiveAll(), "");
  StopAll();
  EXPECT_EQ(got, Cancel(kBackendKey));
}

TEST_F(DrainTest, TellsNothingBehindAFatalErrorOfTheServer) {
  const std::string fatal = ErrorMessage("FATAL", "57P05");
  options_.drain_accept_for = milliseconds(0);
  options_.drain_timeout = milliseconds(100);
  StartFront({[&](Peer& peer) {
    ServeLogin(peer);
    peer.Send(fatal);
    peer.ReceiveAll();
  }});
  Peer client = LoggedIn();
  EXPECT_EQ(client.Receive(fatal.size()), fatal);
  front_->Drain();
  EXPECT_EQ(client.ReceiveAll(), "") << "one is the end of the protocol";
  client.Close();
  StopAll();
}

TEST_F(DrainTest, TellsIdleSessionsAtTheTimeout) {
  options_.drain_accept_for = milliseconds(0);
  options_.drain_timeout = milliseconds(100);
  StartFront({ServeQueries});
  Peer idle = LoggedIn();
  front_->Drain();
  FatalText(idle.ReceiveAll(), "57P01");
  idle.Close();
  front_->Join();
  EXPECT_EQ(Metric("pgsidecar_client_sessions_closed_total{reason=\"drain\"}"), 1);
  EXPECT_EQ(Metric("pgsidecar_client_connections{datname=\"d\",state=\"idle\"}"), 0);
}

TEST_F(DrainTest, SecondCallCancelsWhatRunsAndSaysSoAtTheBoundary) {
  const std::string error = ErrorMessage("ERROR", "57014") + Message('Z', "I");
  std::mutex mutex;
  std::condition_variable cancelled;
  bool cancel_came = false;
  StartFront({[&](Peer& peer) {
                ServeLogin(peer);
                ReceiveMessage(peer);
                std::unique_lock lock(mutex);
                cancelled.wait_for(lock, seconds(10), [&] { return cancel_came; });
                peer.Send(error);
                peer.ReceiveAll();
              },
              [&](Peer& peer) {
                EXPECT_EQ(peer.Receive(Cancel(kBackendKey).size()), Cancel(kBackendKey));
                const std::lock_guard lock(mutex);
                cancel_came = true;
                cancelled.notify_all();
              }});
  Peer busy = LoggedIn();
  busy.Send(Query("SELECT pg_sleep(1000)"));
  ExpectMetric("pgsidecar_queries_in_flight{datname=\"d\"}", 1);
  front_->Drain();
  front_->Drain();
  const std::string got = busy.ReceiveAll();
  ASSERT_EQ(got.substr(0, error.size()), error);
  FatalText(std::string_view(got).substr(error.size()), "57P01");
  busy.Close();
  front_->Join();
  EXPECT_EQ(Metric("pgsidecar_query_sqlstate_errors_total{datname=\"d\",sqlstate=\"57014\"}"), 1);
  StopAll();
}

TEST_F(DrainTest, EndsAtOnceWithoutSessions) {
  options_.drain_accept_for = milliseconds(0);
  StartFront({ServeQueries});
  front_->Drain();
  front_->Join();
}

TEST_F(DrainTest, DestructionEndsOpenSessions) {
  StartFront({ServeQueries});
  Peer open = LoggedIn();
  front_.reset();
  EXPECT_EQ(open.ReceiveAll(), "");
}

}  // namespace
}  // namespace pgsidecar::wire
