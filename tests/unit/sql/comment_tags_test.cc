#include "sql/comment_tags.h"

#include <gtest/gtest.h>

namespace pgsidecar::sql {
namespace {

using Outcome = CommentTags::Outcome;

TEST(CommentTags, ReadsUrlEncodedPairs) {
  CommentTags tags;
  ASSERT_EQ(tags.Parse(" action='index',route='%2Fapi%2Fusers%2F%7Bid%7D', unknown='x' ,"
                       "db_driver='psycopg:3',controller='it\\'s'"),
            Outcome::kTags);
  EXPECT_EQ(tags.Get(TagKey::kAction), "index");
  EXPECT_EQ(tags.Get(TagKey::kRoute), "/api/users/{id}");
  EXPECT_EQ(tags.Get(TagKey::kDbDriver), "psycopg:3");
  EXPECT_EQ(tags.Get(TagKey::kController), "it's");
  EXPECT_EQ(tags.Get(TagKey::kFramework), "");
}

TEST(CommentTags, TakesOtherCommentsForNoTags) {
  CommentTags tags;
  for (const char* text : {"", " ", "get the user", "+ IndexScan(t)", "a = 'b'", "a=b", "='x'"}) {
    EXPECT_EQ(tags.Parse(text), Outcome::kNoTags) << text;
  }
}

TEST(CommentTags, DropsAMalformedListAsAWhole) {
  CommentTags tags;
  for (const char* text :
       {"action='x',", "action='x", "action='x' route='y'", "action='x',route",
        "action='x',route='%2'", "action='x',route='%zz'", "action='x',,", "action='x'y"}) {
    EXPECT_EQ(tags.Parse(text), Outcome::kMalformed) << text;
    EXPECT_EQ(tags.Get(TagKey::kAction), "") << text;
  }
}

TEST(CommentTags, ForgetsTheCommentBefore) {
  CommentTags tags;
  ASSERT_EQ(tags.Parse("action='x'"), Outcome::kTags);
  ASSERT_EQ(tags.Parse("route='y'"), Outcome::kTags);
  EXPECT_EQ(tags.Get(TagKey::kAction), "");
}

TEST(Traceparent, ReadsTheIds) {
  TraceContext trace;
  ASSERT_TRUE(ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", &trace));
  EXPECT_STREQ(trace.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_STREQ(trace.span_id, "00f067aa0ba902b7");
  EXPECT_TRUE(
      ParseTraceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", &trace));
}

TEST(Traceparent, RefusesWhatTheStandardRefuses) {
  TraceContext trace;
  for (const char* text : {
           "",
           "00",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
       }) {
    EXPECT_FALSE(ParseTraceparent(text, &trace)) << text;
  }
  EXPECT_FALSE(trace.present());
}

}  // namespace
}  // namespace pgsidecar::sql
