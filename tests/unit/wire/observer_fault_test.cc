// A fault in any hook of the observer: the traffic goes on unchanged, the session is opaque, and
// the fault is counted.
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "unit/wire/front_fixture.h"
#include "wire/session_hooks.h"

namespace pgsidecar::wire {
namespace {

using std::string_literals::operator""s;

/// Not a std::exception: whatever is thrown must be caught.
struct Fault {};

/// Stands in front of the observer and throws from one of its hooks, each time.
class FaultyHooks final : public SessionHooks {
 public:
  FaultyHooks(SessionHooks& observer, std::string_view hook, std::atomic<int>& thrown)
      : observer_(observer), hook_(hook), thrown_(thrown) {}

  void OnReady() override {
    At("OnReady");
    observer_.OnReady();
  }
  metrics::SlowEvent DescribeRunning(const pgwire::RunningStatement& running, char status,
                                     Nanos now) override {
    At("DescribeRunning");
    return observer_.DescribeRunning(running, status, now);
  }
  void OnAuthenticationOk() override {
    At("OnAuthenticationOk");
    observer_.OnAuthenticationOk();
  }
  void OnLoginError(const pgwire::SqlstateText& sqlstate) override {
    At("OnLoginError");
    observer_.OnLoginError(sqlstate);
  }
  void OnBackendKey(std::string_view key) override {
    At("OnBackendKey");
    observer_.OnBackendKey(key);
  }
  void OnParameterStatus(std::string_view name, std::string_view value) override {
    At(value == "login" ? "OnParameterStatusOfLogin" : "OnParameterStatus");
    observer_.OnParameterStatus(name, value);
  }
  std::span<const pgwire::TextStatement> OnText(std::string_view piece, bool first,
                                                bool last) override {
    At("OnText");
    return observer_.OnText(piece, first, last);
  }
  void OnTextAborted() override {
    At("OnTextAborted");
    observer_.OnTextAborted();
  }
  void OnStatement(const pgwire::StatementEnd& end) override {
    At("OnStatement");
    observer_.OnStatement(end);
  }
  void OnSharedSet(std::span<const pgwire::StatementEnd> set, Nanos elapsed) override {
    At("OnSharedSet");
    observer_.OnSharedSet(set, elapsed);
  }
  void OnAborted(std::uint64_t statements) override {
    At("OnAborted");
    observer_.OnAborted(statements);
  }
  void OnAbandoned(std::uint64_t statements) override {
    At("OnAbandoned");
    observer_.OnAbandoned(statements);
  }
  void OnCopy(const pgwire::CopyEnd& end) override {
    At("OnCopy");
    observer_.OnCopy(end);
  }
  void OnTransaction(Nanos duration, bool rolled_back) override {
    At("OnTransaction");
    observer_.OnTransaction(duration, rolled_back);
  }
  void OnTransactionIdle(Nanos duration) override {
    At("OnTransactionIdle");
    observer_.OnTransactionIdle(duration);
  }
  void OnReadyForQuery(char status) override {
    At("OnReadyForQuery");
    observer_.OnReadyForQuery(status);
  }
  void OnParse() override {
    At("OnParse");
    observer_.OnParse();
  }
  void OnNotice(std::string_view severity) override {
    At("OnNotice");
    observer_.OnNotice(severity);
  }
  void OnNotification() override {
    At("OnNotification");
    observer_.OnNotification();
  }
  void OnIdleError(const pgwire::SqlstateText& sqlstate) override {
    At("OnIdleError");
    observer_.OnIdleError(sqlstate);
  }
  void OnPortalOverflow() override {
    At("OnPortalOverflow");
    observer_.OnPortalOverflow();
  }
  void OnReplicationStart() override {
    At("OnReplicationStart");
    observer_.OnReplicationStart();
  }
  void OnReplicationBytes(std::uint64_t bytes) override {
    At("OnReplicationBytes");
    observer_.OnReplicationBytes(bytes);
  }
  void OnOpaque(pgwire::OpaqueReason reason) override {
    At("OnOpaque");
    observer_.OnOpaque(reason);
  }

 private:
  void At(std::string_view hook) {
    if (hook != hook_) return;
    ++thrown_;
    throw Fault();
  }

  SessionHooks& observer_;
  const std::string_view hook_;
  std::atomic<int>& thrown_;
};

/// One side speaks, then the other.
struct Step {
  std::string client, server;
};

struct FaultCase {
  std::string_view hook;
  std::vector<Step> steps;
  bool at_end = false;   ///< The session ends before the hook is called.
  bool refused = false;  ///< The server refuses the login.
};

std::string Tag(std::string_view tag, char status = 'I') {
  return Message('C', std::string(tag) + '\0') + Message('Z', std::string(1, status));
}

std::string Parameter(std::string_view value) {
  return Message('S', "x\0"s + std::string(value) + '\0');
}

std::string Login() {
  return Message('R', "\0\0\0\0"s) + Parameter("login") + Message('K', kBackendKey) +
         Message('Z', "I");
}

std::string Bind(const std::string& portal) { return Message('B', portal + "\0s\0\0\0\0\0\0\0"s); }

std::string ExecuteOne(const std::string& portal) { return Message('E', portal + "\0\0\0\0\1"s); }

/// One portal more than a session may leave suspended.
std::vector<Step> ManyPortals() {
  std::vector<Step> steps = {{Query("BEGIN"), Tag("BEGIN", 'T')},
                             {Message('P', "s\0SELECT 1\0\0\0"s) + Message('S', ""),
                              Message('1', "") + Message('Z', "T")}};
  for (int i = 0; i <= 256; ++i) {
    const std::string name = "p" + std::to_string(i);
    steps.push_back({Bind(name) + ExecuteOne(name) + Message('S', ""),
                     Message('2', "") + Message('s', "") + Message('Z', "T")});
  }
  return steps;
}

const std::string kTwo = Query("SELECT 1; SELECT 1");
const std::string kCopyOut = Query("COPY t TO STDOUT");
const std::string kCopyBoth = Message('W', "\0\0\0"s);
const std::string kNotice = Message('N', "VWARNING\0\0"s);
const std::string kNotification = Message('A', "\0\0\0\1c\0p\0"s);

/// What makes the observer's hooks be called, each of them.
std::vector<FaultCase> Cases() {
  const std::vector<Step> block = {{Query("BEGIN"), Tag("BEGIN", 'T')},
                                   {Query("COMMIT"), Tag("COMMIT")}};
  return {
      {"OnReady", {}},
      {"OnAuthenticationOk", {}},
      {"OnBackendKey", {}},
      {"OnParameterStatusOfLogin", {}},
      {"OnLoginError", {}, false, true},
      {"DescribeRunning", {{Query("SELECT 1"), ""}}},
      {"OnText", {{Query("SELECT 1"), OneRow()}}},
      {"OnTextAborted", {{Query("SELECT 1").substr(0, 9), ""}}, true},
      {"OnStatement", {{Query("SELECT 1"), OneRow()}}},
      {"OnSharedSet", {{kTwo, Message('C', "SELECT 1\0"s) + Tag("SELECT 1")}}},
      {"OnAborted", {{kTwo, ErrorMessage("ERROR", "42601") + Message('Z', "I")}}},
      {"OnAbandoned", {{Query("SELECT 1"), ""}}, true},
      {"OnCopy",
       {{kCopyOut,
         Message('H', "\0\0\0"s) + Message('d', "1\n") + Message('c', "") + Tag("COPY 1")}}},
      {"OnReadyForQuery", {{Query("SELECT 1"), OneRow()}}},
      {"OnTransaction", block},
      {"OnTransactionIdle", block},
      {"OnParse",
       {{Message('P', "\0SELECT 1\0\0\0"s) + Message('S', ""),
         Message('1', "") + Message('Z', "I")}}},
      {"OnParameterStatus", {{"", Parameter("relay")}}},
      {"OnNotice", {{"", kNotice}}},
      {"OnNotification", {{"", kNotification}}},
      {"OnIdleError", {{"", ErrorMessage("ERROR", "57P05")}}},
      {"OnPortalOverflow", ManyPortals()},
      {"OnReplicationStart", {{Query("START_REPLICATION"), kCopyBoth}}},
      {"OnReplicationBytes", {{Query("START_REPLICATION"), kCopyBoth + Message('d', "w")}}},
      {"OnOpaque", {{Message('?', "what"), ""}}},
  };
}

class ObserverFaultTest : public FrontTest, public ::testing::WithParamInterface<FaultCase> {
 protected:
  void SetUp() override {
    slow_threshold_ = 0.001;
    interpose_ = [this](SessionHooks& observer) {
      return std::make_unique<FaultyHooks>(observer, GetParam().hook, thrown_);
    };
  }

  /// A session's server: says its part and checks the client's.
  void Serve(Peer& peer) {
    const std::string head = peer.Receive(Startup().size());
    EXPECT_EQ(head, Startup());
    if (GetParam().refused) return peer.Send(ErrorMessage("FATAL", "28P01"));
    peer.Send(Login());
    for (const Step& step : GetParam().steps) {
      EXPECT_EQ(peer.Receive(step.client.size()), step.client);
      peer.Send(step.server);
    }
    if (GetParam().at_end) {
      EXPECT_EQ(peer.ReceiveAll(), "");
      return;
    }
    EXPECT_EQ(ReceiveMessage(peer), Query("SELECT 2"));
    peer.Send(OneRow());
    EXPECT_EQ(ReceiveMessage(peer), Message('X', ""));
  }

  std::atomic<int> thrown_ = 0;
};

TEST_P(ObserverFaultTest, TrafficGoesOn) {
  // The second connection, if there is one, is a cancel.
  StartFront({[this](Peer& peer) { Serve(peer); }, [](Peer& peer) { peer.ReceiveAll(); }});
  Peer client = Client();
  client.Send(Startup());
  const std::string answer = GetParam().refused ? ErrorMessage("FATAL", "28P01") : Login();
  EXPECT_EQ(client.Receive(answer.size()), answer);
  for (const Step& step : GetParam().steps) {
    client.Send(step.client);
    EXPECT_EQ(client.Receive(step.server.size()), step.server);
  }
  const std::string faults = "pgsidecar_opaque_sessions_total{reason=\"internal\"}";
  if (!GetParam().at_end) ExpectMetric(faults, 1);
  if (GetParam().at_end) {
    client.Reset();
  } else if (GetParam().refused) {
    EXPECT_EQ(client.ReceiveAll(), "");
  } else {
    client.Send(Query("SELECT 2"));
    EXPECT_EQ(client.Receive(OneRow().size()), OneRow());
    client.Send(Message('X', ""));
    EXPECT_EQ(client.ReceiveAll(), "");
  }
  // Once a session, however often the hook throws.
  ExpectMetric(faults, 1);
  EXPECT_GE(thrown_, 1);
  const std::string in_flight = "pgsidecar_queries_in_flight{datname=\"d\"}";
  if (Metric(in_flight) != -1) ExpectMetric(in_flight, 0);
}

INSTANTIATE_TEST_SUITE_P(Hooks, ObserverFaultTest, ::testing::ValuesIn(Cases()),
                         [](const auto& each) { return std::string(each.param.hook); });

}  // namespace
}  // namespace pgsidecar::wire
