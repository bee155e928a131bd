// What the relay tells the keeper of cached answers about writes, and when.
#include "wire/session_writes.h"

#include <chrono>
#include <mutex>
#include <thread>

#include "unit/wire/front_fixture.h"

namespace pgsidecar::wire {
namespace {

using std::chrono::milliseconds;
using std::string_literals::operator""s;

/// Writes down what it is told. An effect is the tables that the text names.
class RecordingWatch final : public WriteWatch {
 public:
  sql::CacheEffect EffectOf(std::string_view datname, const sql::StatementTraits* traits) override {
    if (traits == nullptr) return {sql::EffectScope::kTags, {"unread:" + std::string(datname)}};
    sql::CacheEffect effect;
    for (const sql::UsedName& name : traits->writes) effect.tags.push_back("table:" + name.name);
    for (const sql::UsedName& name : traits->functions) {
      if (name.name == "writes") effect.tags.push_back("by:" + name.name);
    }
    if (!effect.tags.empty()) effect.scope = sql::EffectScope::kTags;
    return effect;
  }
  void Apply(const sql::CacheEffect& effect) override {
    std::this_thread::sleep_for(delay);
    std::string line = effect.scope == sql::EffectScope::kFloor ? "floor" : "";
    for (const std::string& tag : effect.tags) line += (line.empty() ? "" : " ") + tag;
    Log(line);
  }
  void BlindWriterBegan(std::string_view datname) override { Log("blind " + std::string(datname)); }
  void BlindWriterEnded(std::string_view datname) override { Log("seen " + std::string(datname)); }

  std::vector<std::string> Take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(lines_, {});
  }

  milliseconds delay{0};

 private:
  void Log(std::string line) {
    const std::scoped_lock lock(mutex_);
    lines_.push_back(std::move(line));
  }
  std::mutex mutex_;
  std::vector<std::string> lines_;  // Guarded by mutex_.
};

std::string Done(std::string_view tag, char status) {
  return Message('C', std::string(tag) + "\0"s) + Message('Z', std::string(1, status));
}

using Lines = std::vector<std::string>;

/// A front whose server gives the answers of `answers_`, one per Query, whatever it is.
class WritesTest : public FrontTest {
 protected:
  WritesTest() { writes_ = &watch_; }

  void Start() {
    StartFront({[this](Peer& peer) {
      ServeLogin(peer);
      for (const std::string& answer : answers_) {
        if (ReceiveMessage(peer).empty()) return;
        peer.Send(answer);
      }
      peer.ReceiveAll();
    }});
  }

  /// Sends a text, expects `answer`, and says what the watch was told by then.
  Lines Ask(Peer& client, std::string_view text, const std::string& answer) {
    client.Send(Query(text));
    EXPECT_EQ(client.Receive(answer.size()), answer);
    return watch_.Take();
  }

  /// Lets the loops know what the statements so far are.
  void Judge() {
    catalogue_->DrainForTest();
    for (int ticks = 0; ticks < 2; ++ticks) {  // The first one may have been under way.
      const Nanos last = front_->health().last_tick;
      while (front_->health().last_tick == last) std::this_thread::sleep_for(milliseconds(5));
    }
  }

  RecordingWatch watch_;
  Lines answers_;
};

TEST_F(WritesTest, AWriteIsAppliedBeforeTheClientIsTold) {
  watch_.delay = milliseconds(100);  // Bytes that are sent first would arrive before the line.
  answers_ = {Done("INSERT 0 1", 'I'), Done("INSERT 0 1", 'I')};
  Start();
  Peer client = LoggedIn();
  EXPECT_EQ(Ask(client, "INSERT INTO users VALUES (1)", answers_[0]), Lines{"db:d"})
      << "nobody has read the text yet";
  Judge();
  EXPECT_EQ(Ask(client, "INSERT INTO users VALUES (2)", answers_[1]), Lines{"table:users"});
}

TEST_F(WritesTest, ABlockIsAppliedAtItsCommit) {
  const std::string update = Done("UPDATE 1", 'T');
  answers_ = {Done("UPDATE 1", 'I'), Done("BEGIN", 'T'), update, Done("SELECT 1", 'T'),
              Done("COMMIT", 'I')};
  Start();
  Peer client = LoggedIn();
  Ask(client, "UPDATE users SET name = 'a'", answers_[0]);
  Judge();
  EXPECT_EQ(Ask(client, "BEGIN", answers_[1]), Lines{});
  EXPECT_EQ(Ask(client, "UPDATE users SET name = 'b'", answers_[2]), Lines{});
  EXPECT_EQ(Ask(client, "SELECT 1", answers_[3]), Lines{});
  EXPECT_EQ(Ask(client, "COMMIT", answers_[4]), Lines{"table:users"});
}

TEST_F(WritesTest, ARollbackIsNoEvent) {
  answers_ = {Done("BEGIN", 'T'), Done("DELETE 1", 'T'), Done("ROLLBACK", 'I'), Done("BEGIN", 'T'),
              Done("COMMIT", 'I')};
  Start();
  Peer client = LoggedIn();
  Ask(client, "BEGIN", answers_[0]);
  Ask(client, "DELETE FROM users", answers_[1]);
  EXPECT_EQ(Ask(client, "ROLLBACK", answers_[2]), Lines{});
  Ask(client, "BEGIN", answers_[3]);
  EXPECT_EQ(Ask(client, "COMMIT", answers_[4]), Lines{}) << "nothing is left of the former block";
}

TEST_F(WritesTest, AWriteBehindARollbackInTheSameTextIsApplied) {
  answers_ = {Done("BEGIN", 'T'),
              Message('C', "ROLLBACK\0"s) + Message('C', "DELETE 1\0"s) + Message('Z', "I")};
  Start();
  Peer client = LoggedIn();
  Ask(client, "BEGIN", answers_[0]);
  EXPECT_EQ(Ask(client, "ROLLBACK; DELETE FROM users", answers_[1]), Lines{"db:d"});
}

TEST_F(WritesTest, ACommitAndChainIsACommit) {
  answers_ = {Done("BEGIN", 'T'), Done("DELETE 1", 'T'), Done("COMMIT", 'T')};
  Start();
  Peer client = LoggedIn();
  Ask(client, "BEGIN", answers_[0]);
  Ask(client, "DELETE FROM users", answers_[1]);
  EXPECT_EQ(Ask(client, "COMMIT AND CHAIN", answers_[2]), Lines{"db:d"});
}

TEST_F(WritesTest, AFailedWriteIsNone) {
  answers_ = {ErrorMessage("ERROR", "23505") + Message('Z', "I")};
  Start();
  Peer client = LoggedIn();
  EXPECT_EQ(Ask(client, "INSERT INTO users VALUES (1)", answers_[0]), Lines{});
}

TEST_F(WritesTest, DefinitionsRaiseTheFloor) {
  answers_ = {Done("REVOKE", 'I'), Done("ALTER ROLE", 'I')};
  Start();
  Peer client = LoggedIn();
  EXPECT_EQ(Ask(client, "REVOKE SELECT ON users FROM app", answers_[0]), Lines{"floor"});
  EXPECT_EQ(Ask(client, "ALTER ROLE app SET row_security = off", answers_[1]), Lines{"floor"});
}

TEST_F(WritesTest, AWithMayWriteUntilItsTextWasRead) {
  const std::string one = Done("SELECT 1", 'I');
  answers_ = {one, one, one};
  Start();
  Peer client = LoggedIn();
  const std::string writes = "with a AS (DELETE FROM users RETURNING id) SELECT id FROM a";
  EXPECT_EQ(Ask(client, writes, one), Lines{"db:d"});
  EXPECT_EQ(Ask(client, "WITH a AS (SELECT 1) SELECT * FROM a", one), Lines{"db:d"});
  Judge();
  EXPECT_EQ(Ask(client, writes, one), Lines{"table:users"});
}

TEST_F(WritesTest, AReadIsNoEventUnlessItsTextCallsWhatWrites) {
  answers_ = {Done("SELECT 1", 'I'), Done("SELECT 1", 'I')};
  Start();
  Peer client = LoggedIn();
  EXPECT_EQ(Ask(client, "SELECT name FROM users", answers_[0]), Lines{});
  EXPECT_EQ(Ask(client, "SELECT writes(1)", answers_[1]), Lines{}) << "not read yet";
  Lines later;
  for (int i = 0; i < 250 && later.empty(); ++i) {
    std::this_thread::sleep_for(milliseconds(20));
    later = watch_.Take();
  }
  EXPECT_EQ(later, Lines{"by:writes"});
}

TEST_F(WritesTest, WhatWasUnderWayWhenTheClientLeftMayHaveBeenWritten) {
  answers_ = {};
  StartFront({[](Peer& peer) {
    ServeLogin(peer);
    ReceiveMessage(peer);
    peer.ReceiveAll();
  }});
  Peer client = LoggedIn();
  client.Send(Query("INSERT INTO users VALUES (1)"));
  client.Reset();
  Lines told;
  for (int i = 0; i < 250 && told.empty(); ++i) {
    std::this_thread::sleep_for(milliseconds(20));
    told = watch_.Take();
  }
  EXPECT_EQ(told, Lines{"db:d"});
}

TEST_F(WritesTest, AnOpaqueSessionIsABlindWriterUntilItEnds) {
  answers_ = {Message('?', "what is this")};
  Start();
  Peer client = LoggedIn();
  client.Send(Query("SELECT 1"));
  client.Receive(answers_[0].size());
  EXPECT_EQ(watch_.Take(), Lines{"blind d"});
  client.Close();
  Lines told;
  for (int i = 0; i < 250 && told.empty(); ++i) {
    std::this_thread::sleep_for(milliseconds(20));
    told = watch_.Take();
  }
  EXPECT_EQ(told, Lines{"seen d"});
}

TEST(WriteKindTest, ByCommandAndTag) {
  using metrics::Command;
  const struct {
    Command command;
    std::string_view tag;
    WriteKind kind;
  } kRows[] = {
      {Command::kSelect, "SELECT 1", WriteKind::kByTraits},
      {Command::kCall, "CALL", WriteKind::kByTraits},
      {Command::kTransaction, "COMMIT", WriteKind::kNone},
      {Command::kTransaction, "PREPARE TRANSACTION", WriteKind::kNone},
      {Command::kTransaction, "COMMIT PREPARED", WriteKind::kAnything},
      {Command::kDdl, "TRUNCATE TABLE", WriteKind::kDefinitions},
      {Command::kUtility, "SET", WriteKind::kNone},
      {Command::kUtility, "DISCARD ALL", WriteKind::kNone},
      {Command::kUtility, "DO", WriteKind::kAnything},
      {Command::kUtility, "REFRESH MATERIALIZED VIEW", WriteKind::kAnything},
      {Command::kUtility, "EXPLAIN", WriteKind::kAnything},
      {Command::kUtility, "FETCH 1", WriteKind::kAnything},
      {Command::kUtility, "INSERT 0 1", WriteKind::kAnything},
      {Command::kEmpty, "", WriteKind::kNone},
      {Command::kUnknown, "NEW THING", WriteKind::kAnything},
  };
  for (const auto& row : kRows) EXPECT_EQ(WriteKindOf(row.command, row.tag), row.kind) << row.tag;
}

}  // namespace
}  // namespace pgsidecar::wire
