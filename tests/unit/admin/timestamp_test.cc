#include "admin/timestamp.h"

#include <gtest/gtest.h>

namespace pgsidecar::admin {
namespace {

TEST(Timestamp, ReadsUnixSeconds) {
  EXPECT_EQ(ParseTimestamp("0"), 0);
  EXPECT_EQ(ParseTimestamp("1800000000"), 1'800'000'000'000'000'000);
  EXPECT_EQ(ParseTimestamp("1800000000.25"), 1'800'000'000'250'000'000);
  EXPECT_EQ(ParseTimestamp("1.0000000019"), 1'000'000'001);
}

TEST(Timestamp, ReadsRfc3339) {
  EXPECT_EQ(ParseTimestamp("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseTimestamp("2027-01-15T08:00:00Z"), 1'800'000'000'000'000'000);
  EXPECT_EQ(ParseTimestamp("2027-01-15t09:00:00.5+01:00"), 1'800'000'000'500'000'000);
  EXPECT_EQ(ParseTimestamp("2027-01-15T02:30:00.000001-05:30"), 1'800'000'000'000'001'000);
  EXPECT_EQ(ParseTimestamp("2028-02-29T00:00:00Z"), 1'835'395'200'000'000'000);
  EXPECT_EQ(ParseTimestamp("2016-12-31T23:59:60Z"), 1'483'228'800'000'000'000);
}

TEST(Timestamp, RefusesEverythingElse) {
  for (const char* text : {"",
                           "-1",
                           "-0.5",
                           "+1",
                           "1e9",
                           "nan",
                           "99999999999999999999",
                           "9223372037",
                           "1.",
                           "1.x",
                           "1 ",
                           "yesterday",
                           "2027-01-15",
                           "2027-01-15T08:00:00",
                           "2027-01-15 08:00:00Z",
                           "2027-13-15T08:00:00Z",
                           "2027-00-15T08:00:00Z",
                           "2027-02-30T08:00:00Z",
                           "2027-01-15T24:00:00Z",
                           "2027-01-15T08:00:00.Z",
                           "2027-01-15T08:00:00+1:00",
                           "2027-01-15T08:00:00Zx",
                           "1969-01-01T00:00:00Z",
                           "20270-1-15T08:00:00Z"}) {
    EXPECT_FALSE(ParseTimestamp(text)) << text;
  }
}

}  // namespace
}  // namespace pgsidecar::admin
