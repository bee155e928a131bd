// What is a statement, and how each one ended.
#include "pgwire/conversation.h"

#include <gtest/gtest.h>

#include "unit/pgwire/script.h"

namespace pgsidecar::pgwire {
namespace {

using namespace testing;

std::string Extended(std::string_view sql) {
  return Parse("", sql) + Bind("", "") + DescribePortal("") + Execute("");
}
std::string ExtendedReply(std::string_view tag) {
  return ParseComplete() + BindComplete() + RowDescription() + DataRow() + Complete(tag);
}

TEST(Conversation, CountsASimpleQuery) {
  const Outcome outcome = PlayEveryWay(
      {C(Query("select 1")), S(RowDescription() + DataRow() + Complete("SELECT 1") + Ready())});
  EXPECT_EQ(outcome.log, (Lines{"ok select 1 rows=1/0"}));
  EXPECT_EQ(outcome.in_flight, 0U);
}

TEST(Conversation, CountsEachStatementOfAQuery) {
  EXPECT_EQ(
      PlayEveryWay({C(Query("select 1; update t; select 2")),
                    S(RowDescription() + DataRow() + Complete("SELECT 1") + Complete("UPDATE 7") +
                      RowDescription() + Complete("SELECT 0") + Ready())})
          .log,
      (Lines{"ok select 1 rows=1/0", "ok update t rows=0/7", "ok select 2"}));
}

TEST(Conversation, CountsAnEmptyQuery) {
  EXPECT_EQ(PlayEveryWay({C(Query(";")), S(EmptyQuery() + Ready())}).log, (Lines{"ok ?"}));
}

TEST(Conversation, AnErrorInAQueryAbortsTheRestOfItsTextOnly) {
  const Outcome outcome = PlayEveryWay(
      {C(Query("select 1; bad; select 3; select 4") + Query("select 5")),
       S(Complete("SELECT 1") + Error("42P01") + Ready() + Complete("SELECT 1") + Ready())});
  EXPECT_EQ(outcome.log, (Lines{"ok select 1", "error bad 42P01", "ok select 5"}));
  EXPECT_EQ(outcome.aborted, 2U);
  EXPECT_EQ(outcome.in_flight, 0U);
}

TEST(Conversation, AnErrorBehindTheKnownStatementsIsOneMore) {
  const Outcome outcome =
      PlayEveryWay({C(Query("select 1")), S(Complete("SELECT 1") + Error("42P01") + Ready())});
  EXPECT_EQ(outcome.log, (Lines{"ok select 1", "error ? 42P01"}));
  EXPECT_EQ(outcome.in_flight, 0U);
}

TEST(Conversation, AFunctionCallWhoseCommitFailsIsAnError) {
  EXPECT_EQ(PlayEveryWay(
                {C(FunctionCall()), S(Message('V', Int32(0xFFFFFFFF)) + Error("23503") + Ready())})
                .log,
            (Lines{"error ? 23503"}));
}

TEST(Conversation, CountsAnExtendedUnitOnce) {
  const Outcome outcome =
      PlayEveryWay({C(Extended("select 1") + Sync()), S(ExtendedReply("SELECT 1") + Ready())});
  EXPECT_EQ(outcome.log, (Lines{"ok select 1 rows=1/0"}));
}

TEST(Conversation, CountsEachExecuteOfAPipeline) {
  std::string sent, answered;
  Lines expected;
  for (int i = 0; i < 100; ++i) {
    const std::string sql = "select " + std::to_string(i);
    sent += Extended(sql);
    answered += ExtendedReply("SELECT 1");
    expected.push_back("ok " + sql + " rows=1/0");
  }
  Talk talk;
  talk.Play({C(sent + Sync()), S(answered + Ready())});
  EXPECT_EQ(talk.sink.log, expected);
  EXPECT_EQ(talk.sink.shared, (std::vector<std::pair<std::size_t, Nanos>>{{100, 1'000'000}}));
}

TEST(Conversation, PreparingAloneIsNoStatement) {
  const Outcome outcome =
      PlayEveryWay({C(Parse("s", "select 1") + DescribeStatement("s") + Sync()),
                    S(ParseComplete() + ParameterDescription() + RowDescription() + Ready()),
                    C(Bind("", "s") + Execute("") + Sync()),
                    S(BindComplete() + DataRow() + Complete("SELECT 1") + Ready())});
  EXPECT_EQ(outcome.log, (Lines{"ok select 1 rows=1/0"}));
}

TEST(Conversation, AFailedParseIsOneFailedStatement) {
  const Outcome outcome =
      PlayEveryWay({C(Parse("", "bad") + Bind("", "") + Execute("") + Extended("select 2") +
                      Sync() + Extended("select 3") + Sync()),
                    S(Error("42601") + Ready() + ExtendedReply("SELECT 1") + Ready())});
  EXPECT_EQ(outcome.log, (Lines{"error bad 42601", "ok select 3 rows=1/0"}));
  EXPECT_EQ(outcome.aborted, 1U);
  EXPECT_EQ(outcome.in_flight, 0U);
}

TEST(Conversation, MessagesAfterAnErrorAreSkippedUntilSync) {
  const Outcome outcome =
      PlayEveryWay({C(Parse("", "bad") + Flush()), S(Error("42601")),
                    C(Bind("", "") + Execute("") + Extended("select 2") + Query("select 3")),
                    C(Sync() + Extended("select 4") + Sync()),
                    S(Ready() + ExtendedReply("SELECT 1") + Ready())});
  EXPECT_EQ(outcome.log, (Lines{"error bad 42601", "ok select 4 rows=1/0"}));
  EXPECT_EQ(outcome.aborted, 2U) << "the failed unit's own Execute is not another statement";
}

TEST(Conversation, AnErrorAtSyncTurnsTheLastStatementIntoAnError) {
  const Outcome outcome = PlayEveryWay(
      {C(Extended("insert a") + Extended("insert b") + Sync()),
       S(ExtendedReply("INSERT 0 1") + ExtendedReply("INSERT 0 1") + Error("23505") + Ready())});
  EXPECT_EQ(outcome.log, (Lines{"ok insert a rows=1/1", "error insert b 23505 rows=1/1"}));
}

TEST(Conversation, NoticesAndNotificationsNeverTouchTheQueue) {
  const std::string noise =
      Notice() + Message('A', Int32(1) + Zero("c") + Zero("")) + ParameterStatus("TimeZone", "UTC");
  const Outcome outcome = PlayEveryWay({C(Query("select 1")), S(noise + RowDescription() + noise),
                                        S(noise + Complete("SELECT 0") + Ready() + noise)});
  EXPECT_EQ(std::count(outcome.log.begin(), outcome.log.end(), "notification"), 4);
  EXPECT_EQ(std::count(outcome.log.begin(), outcome.log.end(), "ok select 1"), 1);
}

TEST(Conversation, NamesFollowTheServersAnswers) {
  const std::string execute = Bind("", "s") + Execute("") + Sync();
  const std::string executed = BindComplete() + Complete("SELECT 0") + Ready();
  const Outcome outcome = PlayEveryWay(
      {C(Parse("s", "select 1") + Sync()), S(ParseComplete() + Ready()),
       C(Parse("s", "select 2") + Sync() + execute), S(Error("42P05") + Ready() + executed),
       C(CloseStatement("s") + Sync() + Parse("s", "select 3") + execute),
       S(CloseComplete() + Ready() + ParseComplete() + executed), C(Query("DISCARD ALL")),
       S(Complete("DISCARD ALL") + Ready()), C(execute), S(Error("26000") + Ready())});
  EXPECT_EQ(outcome.log, (Lines{"error select 2 42P05", "ok select 1", "ok select 3",
                                "ok DISCARD ALL", "error ? 26000"}));
}

TEST(Conversation, AQueryDropsTheUnnamedStatement) {
  const Outcome outcome =
      PlayEveryWay({C(Parse("", "select 1") + Sync()), S(ParseComplete() + Ready()),
                    C(Query("select 2")), S(Complete("SELECT 0") + Ready()),
                    C(Bind("", "") + Execute("") + Sync()), S(Error("26000") + Ready())});
  EXPECT_EQ(outcome.log, (Lines{"ok select 2", "error ? 26000"}));
}

TEST(Conversation, TheLeastRecentlyUsedNameIsForgotten) {
  ConversationLimits limits;
  limits.named_statements = 2;
  Talk talk(limits);
  for (const char* name : {"a", "b", "a", "c"}) {
    if (std::string(name) != "a" || talk.conversation.named_statements() == 0) {
      talk.Play({C(Parse(name, name) + Sync()), S(ParseComplete() + Ready())});
    } else {
      talk.Play({C(Bind("", name) + Execute("") + Sync()),
                 S(BindComplete() + Complete("SELECT 0") + Ready())});
    }
  }
  EXPECT_EQ(talk.conversation.named_statements(), 2U);
  talk.sink.log.clear();
  for (const char* name : {"a", "b", "c"}) {
    talk.Play({C(Bind("", name) + Execute("") + Sync()),
               S(BindComplete() + Complete("SELECT 0") + Ready())});
  }
  EXPECT_EQ(talk.sink.log, (Lines{"ok a", "ok ?", "ok c"}));
}

TEST(Conversation, APortalIsOneStatementHoweverOftenItIsExecuted) {
  Talk talk;
  talk.Play(
      {C(Query("BEGIN")), S(Complete("BEGIN") + Ready('T')),
       C(Parse("", "select") + Bind("p", "") + Execute("p", 2) + Sync()),
       S(ParseComplete() + BindComplete() + DataRow() + DataRow() + Suspended() + Ready('T'))});
  talk.now += 1'000'000'000;  // the client thinks
  talk.Play({C(Execute("p", 2) + Sync()), S(DataRow() + Complete("SELECT 1") + Ready('T'))});
  EXPECT_EQ(talk.sink.log, (Lines{"ok BEGIN", "ok select rows=3/0"}));
  EXPECT_EQ(talk.sink.ends.back().duration, 2'000'000) << "think time is the client's";
}

TEST(Conversation, ASuspendedPortalIsRecordedWhenItEnds) {
  const std::string open = Parse("", "select") + Bind("p", "") + Execute("p", 1);
  const std::string opened = ParseComplete() + BindComplete() + DataRow() + Suspended();
  const std::vector<Step> begin = {C(Query("BEGIN")), S(Complete("BEGIN") + Ready('T')),
                                   C(open + Sync()), S(opened + Ready('T'))};
  auto with = [&](const std::vector<Step>& end) {
    std::vector<Step> steps = begin;
    steps.insert(steps.end(), end.begin(), end.end());
    return PlayEveryWay(steps).log;
  };
  EXPECT_EQ(with({}), (Lines{"ok BEGIN"}));
  EXPECT_EQ(with({C(ClosePortal("p") + Sync()), S(CloseComplete() + Ready('T'))}),
            (Lines{"ok BEGIN", "ok select rows=1/0"}));
  EXPECT_EQ(with({C(Bind("p", "") + Sync()), S(BindComplete() + Ready('T'))}),
            (Lines{"ok BEGIN", "ok select rows=1/0"}));
  EXPECT_EQ(with({C(Execute("p", 1) + Sync()), S(Error("57014") + Ready('E'))}),
            (Lines{"ok BEGIN", "error select 57014 rows=1/0"}));
  EXPECT_EQ(with({C(Query("COMMIT")), S(Complete("COMMIT") + Ready('I'))}),
            (Lines{"ok BEGIN", "ok COMMIT", "committed", "ok select rows=1/0"}));
}

TEST(Conversation, CountsFunctionCalls) {
  const Outcome outcome = PlayEveryWay(
      {C(FunctionCall()), S(Message('V', Int32(0xFFFFFFFF)) + Ready()), C(FunctionCall()),
       S(Error("42883") + Ready()), C(Query("select 1")), S(Complete("SELECT 1") + Ready())});
  EXPECT_EQ(outcome.log, (Lines{"ok ?", "error ? 42883", "ok select 1"}));
}

TEST(Conversation, AFatalErrorFailsTheRunningStatementAndAbortsTheRest) {
  const Outcome outcome = PlayEveryWay(
      {C(Query("select 1; select 2") + Query("select 3")), S(Error("57P01", "FATAL"))});
  EXPECT_EQ(outcome.log, (Lines{"error select 1 57P01"}));
  EXPECT_EQ(outcome.aborted, 2U);
  EXPECT_EQ(outcome.in_flight, 0U);
}

TEST(Conversation, AnErrorWithoutAStatementBelongsToTheSession) {
  EXPECT_EQ(PlayEveryWay({S(Error("57P01", "FATAL"))}).log, (Lines{"idle error 57P01"}));
}

TEST(Conversation, AMalformedErrorIsAnErrorWithoutSqlstate) {
  const std::string bodies[] = {"", "M" + Zero("x") + '\0', "C" + Zero("bad") + '\0', "C42P0",
                                std::string(1 << 20, 'x')};
  for (const std::string& body : bodies) {
    Talk talk;
    talk.Play({C(Query("select 1")), S(Message('E', body) + Ready())});
    EXPECT_EQ(talk.sink.log, (Lines{"error select 1 "}));
  }
}

TEST(Conversation, TheLossOfTheServerFailsWhatRuns) {
  Talk talk;
  talk.Play({C(Query("select 1; select 2") + Query("select 3"))});
  talk.conversation.CloseByServer(talk.now + 5);
  EXPECT_EQ(talk.sink.log, (Lines{"error select 1 08006"}));
  EXPECT_EQ(talk.sink.aborted, 2U);
  EXPECT_EQ(talk.conversation.statements_in_flight(), 0U);

  Talk between;  // the first is complete but its commit is not
  between.Play({C(Extended("insert") + Sync()), S(ExtendedReply("INSERT 0 1"))});
  between.conversation.CloseByServer(between.now);
  EXPECT_EQ(between.sink.log, (Lines{"error insert 08006 rows=1/1"}));
}

TEST(Conversation, WhatTheClientLeavesBehindIsAbandoned) {
  Talk talk;
  talk.Play(
      {C(Extended("select 1") + Extended("select 2") + Sync() + Query("select 3; select 4"))});
  talk.conversation.CloseByClient(talk.now);
  EXPECT_EQ(talk.sink.abandoned, 4U);
  EXPECT_EQ(talk.sink.log, Lines());
  EXPECT_FALSE(talk.conversation.in_flight());
}

TEST(Conversation, ReleasesEveryStatement) {
  Talk talk;
  talk.Play({C(Extended("select 1") + Extended("select 2") + Sync() + Query("a; b; c; d")),
             S(ExtendedReply("SELECT 1") + Error("42P01") + Ready() + Complete("A") +
               Error("42601") + Ready())});
  talk.conversation.CloseByClient(talk.now);
  // The unnamed portal keeps what it referred to until the next Bind.
  EXPECT_LE(talk.sink.references(), 1U);
}

TEST(Conversation, ReplicationIsNotDecoded) {
  RecordingSink sink;
  Conversation conversation(sink, {}, true);
  conversation.LoginDone('I', 0);
  conversation.FeedServer("anything", 1);
  EXPECT_EQ(sink.log, (Lines{"replication"}));
  EXPECT_EQ(sink.replication_bytes, 8U);
  EXPECT_EQ(conversation.state(), SessionState::kReplication);

  Talk talk;
  talk.Play({C(Query("START_REPLICATION")), S(CopyBoth() + CopyData("wal"))});
  EXPECT_EQ(talk.conversation.state(), SessionState::kReplication);
  EXPECT_EQ(talk.conversation.statements_in_flight(), 0U);
}

TEST(Conversation, ReportsWhatEndedBeforeReplicationInTheSameRead) {
  Talk talk;
  talk.Play({C(Query("select 1; START_REPLICATION")), S(Complete("SELECT 1") + CopyBoth())});
  EXPECT_EQ(talk.sink.log, (Lines{"ok select 1", "replication"}));
}

}  // namespace
}  // namespace pgsidecar::pgwire
