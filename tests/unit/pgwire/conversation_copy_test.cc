// COPY in every order of messages, and everything that ends the decoding.
#include <gtest/gtest.h>

#include "unit/pgwire/script.h"

namespace pgsidecar::pgwire {
namespace {

using namespace testing;

const std::string kCopyUnit = Parse("", "copy t from stdin") + Bind("", "") + Execute("");
const std::string kCopyUnitOpened = ParseComplete() + BindComplete() + CopyIn();
const std::vector<Step> kNext = {C(Query("select 1")), S(Complete("SELECT 1") + Ready())};

Outcome PlayThenNext(std::vector<Step> steps) {
  steps.insert(steps.end(), kNext.begin(), kNext.end());
  return PlayEveryWay(steps);
}

TEST(Copy, InByQuery) {
  EXPECT_EQ(PlayThenNext({C(Query("copy t from stdin")), S(CopyIn()),
                          C(CopyData("12345") + CopyData("678") + CopyDone()),
                          S(Complete("COPY 2") + Ready())})
                .log,
            (Lines{"copy ok in bytes=8 rows=2", "ok select 1"}));
}

TEST(Copy, InWithEverythingInOneFlight) {
  EXPECT_EQ(PlayThenNext({C(Query("copy t from stdin") + CopyData("12345") + CopyDone()),
                          S(CopyIn() + Complete("COPY 1") + Ready())})
                .log,
            (Lines{"copy ok in bytes=5 rows=1", "ok select 1"}));
}

TEST(Copy, OutByQuery) {
  EXPECT_EQ(
      PlayThenNext({C(Query("copy t to stdout")), S(CopyOut() + CopyData("1234") + CopyData("5") +
                                                    CopyDone() + Complete("COPY 2") + Ready())})
          .log,
      (Lines{"copy ok out bytes=5 rows=2", "ok select 1"}));
}

TEST(Copy, TheServerSwallowsSyncsBeforeTheEndOfTheData) {
  const Outcome outcome = PlayThenNext({C(kCopyUnit + Sync()), S(kCopyUnitOpened),
                                        C(Sync() + CopyData("123") + Sync() + CopyDone()),
                                        C(Sync()), S(Complete("COPY 1") + Ready())});
  EXPECT_EQ(outcome.log, (Lines{"copy ok in bytes=3 rows=1", "ok select 1"}));
  EXPECT_EQ(outcome.in_flight, 0U);
}

TEST(Copy, ASyncBehindTheEndOfTheDataIsAnswered) {
  EXPECT_EQ(PlayThenNext({C(kCopyUnit + CopyData("123") + CopyDone() + Sync()),
                          S(kCopyUnitOpened + Complete("COPY 1") + Ready())})
                .log,
            (Lines{"copy ok in bytes=3 rows=1", "ok select 1"}));
}

TEST(Copy, ByTheClientsWishFails) {
  EXPECT_EQ(PlayThenNext({C(Query("copy t from stdin")), S(CopyIn()),
                          C(CopyData("12") + CopyFail()), S(Error("57014") + Ready())})
                .log,
            (Lines{"copy error in bytes=2 rows=0", "ok select 1"}));
}

TEST(Copy, ThatFailedLeavesLateDataUnanswered) {
  EXPECT_EQ(PlayThenNext({C(Query("copy t from stdin")), S(CopyIn()), C(CopyData("bad")),
                          S(Error("22P04") + Ready()), C(CopyData("late") + CopyDone())})
                .log,
            (Lines{"copy error in bytes=3 rows=0", "ok select 1"}));
}

TEST(Copy, ThatFailedMayAnswerASyncThatWasThoughtSwallowed) {
  // The Sync was on its way when the COPY failed: the server takes it as the end of the skipping.
  const Outcome outcome =
      PlayThenNext({C(kCopyUnit + Sync()), S(kCopyUnitOpened), S(Error("22P04")),
                    C(CopyData("late") + CopyDone()), S(Ready())});
  EXPECT_EQ(outcome.log, (Lines{"copy error in bytes=0 rows=0", "ok select 1"}));
}

TEST(Copy, InAnUnitThatFailedSkipsToItsSync) {
  EXPECT_EQ(PlayThenNext({C(kCopyUnit), S(kCopyUnitOpened), C(CopyData("bad")), S(Error("22P04")),
                          C(CopyData("late") + CopyDone() + Sync()), S(Ready())})
                .log,
            (Lines{"copy error in bytes=3 rows=0", "ok select 1"}));
}

TEST(Copy, TwiceInOneQuery) {
  EXPECT_EQ(PlayThenNext({C(Query("copy a from stdin; copy b from stdin")), S(CopyIn()),
                          C(CopyData("1") + CopyDone()), S(Complete("COPY 1") + CopyIn()),
                          C(CopyData("22") + CopyDone()), S(Complete("COPY 1") + Ready())})
                .log,
            (Lines{"copy ok in bytes=1 rows=1", "copy ok in bytes=2 rows=1", "ok select 1"}));
}

TEST(Copy, IsAStateOfTheSession) {
  Talk talk;
  talk.Play({C(Query("copy t from stdin")), S(CopyIn())});
  EXPECT_EQ(talk.conversation.state(), SessionState::kCopy);
  EXPECT_FALSE(talk.conversation.running().has_value());
  talk.Play({C(CopyDone()), S(Complete("COPY 0") + Ready())});
  EXPECT_EQ(talk.conversation.state(), SessionState::kIdle);
}

TEST(Opaque, AnyReplyThatTheTablesDoNotAllow) {
  const std::string replies[] = {Ready(),          Complete("SELECT 1"),
                                 DataRow(),        EmptyQuery(),
                                 ParseComplete(),  BindComplete(),
                                 CloseComplete(),  NoData(),
                                 RowDescription(), Suspended(),
                                 CopyIn(),         CopyOut(),
                                 CopyBoth(),       ParameterDescription(),
                                 Message('V', "")};
  for (const std::string& reply : replies) {
    Talk talk;
    talk.Play({S(reply)});
    EXPECT_EQ(talk.sink.log, (Lines{"opaque reply_mismatch"})) << reply[0];
    EXPECT_EQ(talk.conversation.state(), SessionState::kOpaque);
    talk.Play({C("\xFF garbage"), S("garbage")});  // is not looked at any more
    EXPECT_EQ(talk.sink.log.size(), 1U);
  }
}

TEST(Opaque, AbandonsWhatRuns) {
  const Outcome outcome = PlayEveryWay({C(Query("select 1; select 2")), S(Message('y', "?"))});
  EXPECT_EQ(outcome.log, (Lines{"opaque unknown_message"}));
  EXPECT_EQ(outcome.abandoned, 2U);
  EXPECT_EQ(outcome.in_flight, 0U);
}

TEST(Opaque, ImpossibleLengthsOnEitherSide) {
  for (const char from : {'c', 's'}) {
    for (const std::uint32_t length : {0U, 3U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
      Talk talk;
      talk.Play({{from, (from == 'c' ? "Q" : "D") + Int32(length)}});
      EXPECT_EQ(talk.sink.log, (Lines{"opaque bad_length"})) << from << length;
    }
  }
}

TEST(Opaque, AQueueThatGrowsWithoutEnd) {
  ConversationLimits limits;
  limits.fifo_entries = 100;
  Talk talk(limits);
  std::string syncs;
  for (int i = 0; i < 101; ++i) syncs += Sync();
  talk.Play({C(syncs)});
  EXPECT_EQ(talk.sink.log, (Lines{"opaque fifo_overflow"}));
}

TEST(Opaque, ATextCutShortIsForgotten) {
  Talk talk;
  talk.Play({C(Query("select 1").substr(0, 9))});
  talk.conversation.CloseByClient(talk.now);
  EXPECT_EQ(talk.sink.log, (Lines{"text aborted"}));
}

}  // namespace
}  // namespace pgsidecar::pgwire
