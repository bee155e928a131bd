// How long each statement took, and which transaction it belonged to.
#include <gtest/gtest.h>

#include <numeric>

#include "unit/pgwire/script.h"

namespace pgsidecar::pgwire {
namespace {

using namespace testing;

constexpr Nanos kMs = 1'000'000;

std::vector<Nanos> Durations(const Talk& talk) {
  std::vector<Nanos> out;
  for (const StatementEnd& end : talk.sink.ends) out.push_back(end.duration / kMs);
  return out;
}

TEST(Duration, RunsFromTheMessageToItsCompletion) {
  Talk talk;
  talk.Play({C(Query("select 1")), S(RowDescription()), S(DataRow()), S(Complete("SELECT 1")),
             S(Ready())});
  EXPECT_EQ(Durations(talk), (std::vector<Nanos>{3}));
  EXPECT_EQ(talk.sink.ends[0].first_reply, 1 * kMs);
  EXPECT_EQ(talk.sink.ends[0].start, 1 * kMs);
}

TEST(Duration, OfAPipelinedStatementStartsWithTheReplyBeforeIt) {
  Talk talk;
  const std::string unit = Parse("", "select") + Bind("", "") + Execute("");
  talk.Play({C(unit + unit + Sync()), S(ParseComplete() + BindComplete()), S(Complete("SELECT 1")),
             S(ParseComplete() + BindComplete()), S(""), S(Complete("SELECT 1") + Ready())});
  EXPECT_EQ(Durations(talk), (std::vector<Nanos>{2, 3}));
}

TEST(Duration, ExcludesTheTimeInWhichNothingIsOwed) {
  Talk talk;
  talk.Play({C(Parse("", "select") + DescribeStatement("") + Flush()),
             S(ParseComplete() + ParameterDescription() + RowDescription())});
  talk.now += 500 * kMs;
  talk.Play(
      {C(Bind("", "") + Execute("") + Sync()), S(BindComplete() + Complete("SELECT 1") + Ready())});
  EXPECT_EQ(Durations(talk), (std::vector<Nanos>{2}));
}

TEST(Duration, OfASharedSetIsDividedOverItsDataStatements) {
  Talk talk;
  talk.Play({C(Query("BEGIN; select 1; select 2; COMMIT"))});
  talk.now += 2 * kMs;
  talk.Play({S(Complete("BEGIN") + Complete("SELECT 1") + Complete("SELECT 1") +
               Complete("COMMIT") + Ready())});
  EXPECT_EQ(talk.sink.shared, (std::vector<std::pair<std::size_t, Nanos>>{{4, 3 * kMs}}));
  ASSERT_EQ(talk.sink.ends.size(), 4U);
  EXPECT_EQ(talk.sink.ends[0].duration, 0);
  EXPECT_EQ(talk.sink.ends[1].duration, 1'500'000);
  EXPECT_EQ(talk.sink.ends[2].duration, 1'500'000);
  EXPECT_EQ(talk.sink.ends[3].duration, 0);
}

TEST(Duration, SharesSumExactly) {
  Talk talk;
  talk.Play({C(Query("a; b; c"))});
  talk.now += 1;  // 1'000'001 ns are not divisible by 3
  talk.Play({S(Complete("A") + Complete("B") + Complete("C") + Ready())});
  Nanos sum = 0;
  for (const StatementEnd& end : talk.sink.ends) sum += end.duration;
  EXPECT_EQ(sum, 1'000'001);
}

TEST(Duration, OfControlStatementsAloneIsTheirs) {
  Talk talk;
  talk.Play({C(Query("BEGIN; COMMIT")), S(Complete("BEGIN") + Complete("COMMIT") + Ready())});
  EXPECT_EQ(talk.sink.ends[0].duration + talk.sink.ends[1].duration, kMs);
}

TEST(Duration, GroupsAreNotShared) {
  Talk talk;
  talk.Play({C(Query("select 1") + Query("select 2")),
             S(Complete("SELECT 1") + Ready() + Complete("SELECT 1") + Ready())});
  EXPECT_TRUE(talk.sink.shared.empty());
  EXPECT_EQ(Durations(talk), (std::vector<Nanos>{1, 0}));
}

TEST(Duration, CarriesTheStallOfTheClient) {
  Talk talk;
  talk.Play({C(Query("select 1")), S(DataRow())});
  talk.conversation.AddStall(700'000);
  talk.Play({S(Complete("SELECT 1") + Ready())});
  EXPECT_EQ(talk.sink.ends[0].stall, 700'000);
}

TEST(Running, NamesTheFirstStatementThatCostsSomething) {
  Talk talk;
  EXPECT_FALSE(talk.conversation.running().has_value());
  talk.Play({C(Query("BEGIN; select 1; select 2"))});
  EXPECT_EQ(RecordingSink::Text(talk.conversation.running()->statement), "select 1");
  talk.Play({S(Complete("BEGIN") + Complete("SELECT 1"))});
  EXPECT_EQ(RecordingSink::Text(talk.conversation.running()->statement), "select 2");

  Talk pipeline;
  pipeline.Play({C(Parse("b", "BEGIN") + Bind("", "b") + Execute("") + Parse("", "select 3") +
                   Bind("", "") + Execute("") + Sync())});
  EXPECT_EQ(RecordingSink::Text(pipeline.conversation.running()->statement), "select 3");
  EXPECT_EQ(pipeline.conversation.running()->start, 1 * kMs);
}

TEST(Transaction, OpensAndClosesWithTheStatusByte) {
  Talk talk;
  talk.Play({C(Query("BEGIN")), S(Complete("BEGIN") + Ready('T'))});
  EXPECT_EQ(talk.conversation.state(), SessionState::kIdleInTransaction);
  EXPECT_EQ(talk.conversation.transaction_start(), 1 * kMs);
  talk.Play({C(Query("select 1")), S(Complete("SELECT 1") + Ready('T')), C(Query("COMMIT")),
             S(Complete("COMMIT") + Ready('I'))});
  EXPECT_EQ(talk.sink.transactions, (std::vector<Nanos>{5 * kMs}));
  EXPECT_EQ(talk.sink.idle, 2 * kMs);
  EXPECT_EQ(talk.conversation.state(), SessionState::kIdle);
  EXPECT_EQ(talk.sink.log.back(), "committed");
}

struct BlockCase {
  const char* name;
  const char* sql;
  const char* tag;
  char status;
  Lines expected;  ///< After the BEGIN, the end of the session included.
};

TEST(Transaction, BoundariesFollowTagAndStatus) {
  const BlockCase cases[] = {
      {"rollback", "ROLLBACK", "ROLLBACK", 'I', {"ok ROLLBACK", "rolled back"}},
      {"rollback to", "ROLLBACK TO s", "ROLLBACK", 'T', {"ok ROLLBACK TO s", "rolled back"}},
      {"rollback and chain",
       "ROLLBACK AND CHAIN",
       "ROLLBACK",
       'T',
       {"ok ROLLBACK AND CHAIN", "rolled back", "rolled back"}},
      {"commit and chain",
       "COMMIT AND CHAIN",
       "COMMIT",
       'T',
       {"ok COMMIT AND CHAIN", "committed", "rolled back"}},
  };
  for (const BlockCase& c : cases) {
    Talk talk;
    talk.Play({C(Query("BEGIN")), S(Complete("BEGIN") + Ready('T'))});
    talk.sink.log.clear();
    talk.Play({C(Query(c.sql)), S(Complete(c.tag) + Ready(c.status))});
    talk.conversation.CloseByClient(talk.now);
    EXPECT_EQ(talk.sink.log, c.expected) << c.name;
  }
}

TEST(Transaction, ACommitOfAFailedBlockIsARollback) {
  Talk talk;
  talk.Play({C(Query("BEGIN")), S(Complete("BEGIN") + Ready('T')), C(Query("bad")),
             S(Error("42601") + Ready('E'))});
  EXPECT_EQ(talk.conversation.state(), SessionState::kIdleInFailedTransaction);
  talk.Play({C(Query("COMMIT")), S(Complete("ROLLBACK") + Ready('I'))});
  EXPECT_EQ(talk.sink.log.back(), "rolled back");
}

TEST(Transaction, ACommitThatFailsIsARollback) {
  // A deferred constraint, or a serialization failure that only the commit finds.
  Talk talk;
  talk.Play({C(Query("BEGIN")), S(Complete("BEGIN") + Ready('T')), C(Query("COMMIT")),
             S(Error("40001") + Ready('I'))});
  EXPECT_EQ(talk.sink.log.back(), "rolled back");
}

TEST(Transaction, AnErrorBehindACommitDoesNotUndoIt) {
  Talk talk;
  talk.Play({C(Query("BEGIN")), S(Complete("BEGIN") + Ready('T')), C(Query("COMMIT; bad")),
             S(Complete("COMMIT") + Error("42703") + Ready('I'))});
  EXPECT_EQ(talk.sink.log.back(), "committed");
}

TEST(Transaction, InsideOneGroupIsNotCounted) {
  Talk talk;
  talk.Play({C(Query("BEGIN; select 1; COMMIT")),
             S(Complete("BEGIN") + Complete("SELECT 1") + Complete("COMMIT") + Ready('I'))});
  EXPECT_TRUE(talk.sink.transactions.empty());
}

}  // namespace
}  // namespace pgsidecar::pgwire
